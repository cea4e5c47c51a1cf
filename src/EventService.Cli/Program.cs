Console.WriteLine("eventservice");

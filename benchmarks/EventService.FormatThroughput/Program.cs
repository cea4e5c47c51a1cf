// Throughput of the event formats on one core, from memory to memory:
//   dotnet run -c Release --project benchmarks/EventService.FormatThroughput -- events.csv.gz
using System.Diagnostics;
using System.IO.Compression;

using EventService.Physics.Events;
using EventService.Physics.Formats;

if (args.Length != 1)
{
    Console.Error.WriteLine("Expected one argument: a Dark Machines file, such as ttbar.csv.gz.");
    return 2;
}

var text = Unpack(args[0]);
Console.WriteLine($"{text.Length / 1e6:F1} MB of plain text");

var sample = new EventSample();
Measure("dm-csv read, into a cleared sample", text.Length, () =>
{
    using var reader = new DarkMachinesReader(new MemoryStream(text), args[0]);
    sample.Clear();
    while (reader.Read(sample, 1024))
    {
        sample.Clear();
    }
});
return 0;

static byte[] Unpack(string path)
{
    using var unpacked = new MemoryStream();
    using var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
    packed.CopyTo(unpacked);
    return unpacked.ToArray();
}

static void Measure(string what, long bytes, Action action)
{
    var best = TimeSpan.MaxValue;
    for (var run = 0; run < 5; run++)
    {
        var watch = Stopwatch.StartNew();
        action();
        best = watch.Elapsed < best ? watch.Elapsed : best;
    }

    Console.WriteLine($"{what,-40} {bytes / 1e6 / best.TotalSeconds,8:F0} MB/s");
}

using System.CommandLine;

using EventService.Cli;

var root = new RootCommand("Collider events from trained generative models.")
{
    Train.Command(),
};
return await Terminal.RunAsync(root, args, Console.Error);

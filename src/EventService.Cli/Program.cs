using System.CommandLine;

using EventService.Cli;
using EventService.Generation;

var root = new RootCommand("Collider events from trained generative models.")
{
    Train.Command(),
    Generate.Command(EventGenerator.Load),
    Density.Command(EventGenerator.Load),
    Evaluate.Command(EventGenerator.Load),
    Import.Command(),
};
return await Terminal.RunAsync(root, args, Console.Error);

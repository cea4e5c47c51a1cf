using System.CommandLine;

using EventService.Cli;
using EventService.Cli.Bench;
using EventService.Cli.Jobs;
using EventService.Cli.Keys;
using EventService.Cli.Models;
using EventService.Models;
using EventService.Models.Sampling;

var root = new RootCommand("Collider events from trained generative models.")
{
    Train.Command(),
    Constrain.Command(),
    Generate.Command(EventGenerator.Load),
    Density.Command(EventGenerator.Load),
    Verify.Command(EventGenerator.Load),
    Evaluate.Command(EventGenerator.Load),
    Observables.Command(),
    Import.Command(),
    ModelsCommand.Command(EventGenerator.Load),
    KeysCommand.Command(EventGenerator.Load),
    JobsCommand.Command(TimeProvider.System),
    BenchCommand.Command(),
    Health.Command(),
};
return await Terminal.RunAsync(root, args, Console.Error);

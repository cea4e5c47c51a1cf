using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;

using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Physics.Formats;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.ObjectFlow;
using EventService.Training.Runs;

namespace EventService.Cli;

/// <summary>
/// eventservice train: from Monte Carlo events to a model file, as a recipe says; without one, an object flow as the options say.
/// </summary>
public static class Train
{
    private static readonly TrainingOptions s_defaults = new();
    private static readonly CalibrationOptions s_calibration = new();
    private static readonly ObjectFlowHyperparameters s_sizes = new();

    private static readonly Argument<FileInfo> s_data = new("data")
    {
        Description =
            "Events in Dark Machines text (.csv or .csv.gz), one process; "
                + "with --recipe a table with a header line, or the folder with the files of the recipe's points.",
    };
    private static readonly Option<string> s_output = new("--output", "-o")
    {
        Description = "Model file to write (.safetensors).",
        Required = true,
    };
    private static readonly Option<double> s_crossSection = new("--cross-section")
    {
        Description = "Cross-section before the event selection [pb]; in the recipe if there is one.",
    };
    private static readonly Option<FileInfo?> s_recipe = new("--recipe")
    {
        Description = "Train the model of this JSON file; then --output, --straighten, --threads, --checkpoint, --checkpoint-steps and "
            + "--resume are the only other options.",
    };
    private static readonly Option<FileInfo?> s_straighten = new("--straighten")
    {
        Description = "With a recipe of flow matching between data: a model that it gave, whose paths are made straight.",
    };
    private static readonly Option<string?> s_name = new("--name")
    {
        Description = "Name of the model; by default the process with '-objects'.",
    };
    private static readonly Option<string?> s_process = new("--process")
    {
        Description = "Name of the process for clients; by default that in the file.",
    };
    private static readonly Option<string> s_description = new("--description")
    {
        Description = "One line for the list of models.",
        DefaultValueFactory = _ => "Whole events from an autoregressive spline flow over the objects",
    };
    private static readonly Option<ulong> s_seed = new("--seed")
    {
        Description = "Start, order and mirror images of the training.",
        DefaultValueFactory = _ => s_defaults.Seed,
    };
    private static readonly Option<int> s_epochs = new("--epochs")
    {
        Description = "Passes over the training events.",
        DefaultValueFactory = _ => s_defaults.Epochs,
    };
    private static readonly Option<int> s_batch = new("--batch")
    {
        Description = "Events a step.",
        DefaultValueFactory = _ => s_defaults.BatchSize,
    };
    private static readonly Option<int> s_shard = new("--shard")
    {
        Description = "Events whose gradient one thread computes at a time; divides the batch.",
        DefaultValueFactory = _ => s_defaults.ShardSize,
    };
    private static readonly Option<double> s_rate = new("--learning-rate")
    {
        Description = "Largest learning rate.",
        DefaultValueFactory = _ => s_defaults.LearningRate,
    };
    private static readonly Option<float> s_decay = new("--weight-decay")
    {
        Description = "Decoupled weight decay.",
        DefaultValueFactory = _ => s_defaults.WeightDecay,
    };
    private static readonly Option<double> s_dropout = new("--dropout")
    {
        Description = "Share of hidden units left out in a step.",
        DefaultValueFactory = _ => s_defaults.Dropout,
    };
    private static readonly Option<int> s_patience = new("--patience")
    {
        Description = "Epochs without a better validation loss before stopping.",
        DefaultValueFactory = _ => s_defaults.Patience,
    };
    private static readonly Option<int> s_width = new("--width")
    {
        Description = "Width of the hidden layers.",
        DefaultValueFactory = _ => s_sizes.Width,
    };
    private static readonly Option<int> s_bins = new("--bins")
    {
        Description = "Bins of the splines.",
        DefaultValueFactory = _ => s_sizes.Bins,
    };
    private static readonly Option<int> s_calibrationRounds = new("--calibration-rounds")
    {
        Description = "Rounds in which the azimuths' tables are moved after training until drawn events agree with the data.",
        DefaultValueFactory = _ => s_calibration.Rounds,
    };
    private static readonly Option<int> s_calibrationEvents = new("--calibration-events")
    {
        Description = "Events drawn in each of these rounds.",
        DefaultValueFactory = _ => s_calibration.Events,
    };
    private static readonly Option<long> s_acceptance = new("--acceptance-events")
    {
        Description = "Events drawn to measure the acceptance of the validity filter.",
        DefaultValueFactory = _ => 2_000_000,
    };
    private static readonly Option<int> s_threads = new("--threads")
    {
        Description = "Threads; no influence on the result.",
        DefaultValueFactory = _ => Environment.ProcessorCount,
    };
    private static readonly Option<string?> s_checkpoint = new("--checkpoint")
    {
        Description = "Checkpoint file; by default the output's name with '.checkpoint'.",
    };
    private static readonly Option<int> s_checkpointSteps = new("--checkpoint-steps")
    {
        Description = "Steps between checkpoints.",
        DefaultValueFactory = _ => s_defaults.CheckpointSteps,
    };
    private static readonly Option<bool> s_resume = new("--resume")
    {
        Description = "Continue from the checkpoint: the result is the same to the bit as without the interruption.",
    };

    // Options that the model depends on, in the order in which its document names them.
    private static readonly Option[] s_recorded =
    [
        s_crossSection, s_name, s_process, s_seed, s_epochs, s_batch, s_shard, s_rate, s_decay, s_dropout, s_patience, s_width, s_bins,
        s_calibrationRounds, s_calibrationEvents, s_acceptance,
    ];

    public static Command Command()
    {
        var command = new Command(
            "train",
            "Train a generator of whole events on Monte Carlo, or with --recipe any other model. "
            + "Events k with k % 10 = 0 are kept for tests, k % 40 = 1 for early stopping.");
        command.Arguments.Add(s_data);
        Option[] others = [s_output, s_recipe, s_straighten, s_description, s_threads, s_checkpoint, s_checkpointSteps, s_resume];
        foreach (var option in others.Concat(s_recorded))
        {
            command.Options.Add(option);
        }

        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var data = parsed.GetValue(s_data)!;
        if (parsed.GetValue(s_recipe) is { } recipe)
        {
            return await RunRecipeAsync(parsed, data, recipe, cancellation);
        }

        if (parsed.GetResult(s_crossSection) is null)
        {
            throw new RequestException(
                RequestFault.BadValue,
                "--cross-section is missing: the cross-section before the event selection [pb], or a --recipe that has it.");
        }

        if (parsed.GetValue(s_acceptance) < 1)
        {
            throw new RequestException(
                RequestFault.BadValue,
                $"--acceptance-events is {parsed.GetValue(s_acceptance)}, expected at least 1: densities are divided by the acceptance.");
        }

        var calibration = new CalibrationOptions
        {
            Rounds = parsed.GetValue(s_calibrationRounds),
            Events = parsed.GetValue(s_calibrationEvents),
        };
        if (calibration.Rounds < 0 || calibration.Events < 1)
        {
            throw new RequestException(
                RequestFault.BadValue,
                $"--calibration-rounds is {calibration.Rounds} and --calibration-events {calibration.Events}, expected at least 0 and 1.");
        }

        var output = parsed.GetValue(s_output)!;
        await Console.Error.WriteLineAsync($"reading {data.Name} ...");
        var sample = DarkMachinesReader.ReadAll(data.FullName);
        await using var stream = data.OpenRead();
        var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation));
        var origin = new ModelOrigin(CommandLine(parsed, data, output), data.Name, sha256);
        var process = parsed.GetValue(s_process) ?? sample.ProcessName;
        var identity = new ModelIdentity(parsed.GetValue(s_name) ?? process + "-objects", process, parsed.GetValue(s_description)!);
        var training = TrainingLoop.Prepare(() => new ObjectFlowTraining(sample, Sizes(parsed), Options(parsed)));
        var run = new ObjectFlowRun(training, identity, parsed.GetValue(s_crossSection), calibration, parsed.GetValue(s_acceptance));
        await RunAsync(parsed, run, origin, cancellation);
        return 0;
    }

    private static async Task<int> RunRecipeAsync(ParseResult parsed, FileInfo data, FileInfo file, CancellationToken cancellation)
    {
        if (s_recorded.Append(s_description).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } other)
        {
            throw new RequestException(
                RequestFault.BadValue, $"{other.Name} and --recipe are given; with a recipe it stands there. Leave {other.Name} out.");
        }

        var recipe = TrainableFamilies.Parse(await File.ReadAllBytesAsync(file.FullName, cancellation));
        await Console.Error.WriteLineAsync($"reading {data.Name} ...");
        var events = recipe.Read(data.FullName);
        var straighten = parsed.GetValue(s_straighten);
        var run = TrainingLoop.Prepare(() => TrainableFamilies.Prepare(recipe, events, new TrainingSettings(
            parsed.GetValue(s_threads),
            parsed.GetValue(s_checkpointSteps),
            straighten is null ? null : EventGenerator.Open(straighten.FullName))));
        var command = $"eventservice train {data.Name} --recipe {file.Name} --output {Path.GetFileName(parsed.GetValue(s_output)!)}";
        var origin = new ModelOrigin(straighten is null ? command : $"{command} --straighten {straighten.Name}", data.Name, events.Sha256);
        await RunAsync(parsed, run, origin, cancellation);
        return 0;
    }

    private static async Task RunAsync(ParseResult parsed, ITrainingRun run, ModelOrigin origin, CancellationToken cancellation)
    {
        var output = parsed.GetValue(s_output)!;
        var checkpoint = parsed.GetValue(s_checkpoint) ?? output + ".checkpoint";
        await TrainingLoop.TrainAsync(run, checkpoint, parsed.GetValue(s_resume), cancellation);
        await TrainingLoop.WriteAsync(run, origin, output);
    }

    private static TrainingOptions Options(ParseResult parsed) => new()
    {
        Seed = parsed.GetValue(s_seed),
        Epochs = parsed.GetValue(s_epochs),
        BatchSize = parsed.GetValue(s_batch),
        ShardSize = parsed.GetValue(s_shard),
        LearningRate = parsed.GetValue(s_rate),
        WeightDecay = parsed.GetValue(s_decay),
        Dropout = parsed.GetValue(s_dropout),
        Patience = parsed.GetValue(s_patience),
        Threads = parsed.GetValue(s_threads),
        CheckpointSteps = parsed.GetValue(s_checkpointSteps),
    };

    private static ObjectFlowHyperparameters Sizes(ParseResult parsed)
    {
        var width = parsed.GetValue(s_width);
        return s_sizes with
        {
            Width = width,
            HeadWidth = Math.Max(1, s_sizes.HeadWidth * width / s_sizes.Width),
            AzimuthWidth = Math.Max(1, s_sizes.AzimuthWidth * width / s_sizes.Width),
            Bins = parsed.GetValue(s_bins),
        };
    }

    /// <summary>The command that makes this model again: all options that differ from their defaults, without folders.</summary>
    private static string CommandLine(ParseResult parsed, FileInfo data, string output)
    {
        var words = new List<string> { "eventservice train", data.Name, "--output", Path.GetFileName(output) };
        foreach (var option in s_recorded)
        {
            if (parsed.GetResult(option) is { Implicit: false } result)
            {
                words.Add(option.Name);
                words.AddRange(result.Tokens.Select(token => token.Value));
            }
        }

        return string.Join(' ', words);
    }
}

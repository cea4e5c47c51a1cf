using System.CommandLine;

using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Training.Import;

namespace EventService.Cli;

/// <summary>eventservice import: a flow that nflows or zuko trained becomes a model file.</summary>
public static class Import
{
    private static readonly Argument<string> s_state = new("state") { Description = "State dict of the flow, saved as safetensors." };
    private static readonly Argument<string> s_description = new("description")
    {
        Description = "JSON file with the constants of the flow, its columns and their maps; see docs/import.md.",
    };
    private static readonly Option<string?> s_output = new("--output", "-o")
    {
        Description = "Model file to write; NAME.safetensors if not given.",
    };

    public static Command Command()
    {
        var command = new Command("import", "Turn a flow trained with nflows or zuko into a model file.")
        {
            s_state,
            s_description,
            s_output,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var state = parsed.GetValue(s_state)!;
        var model = ModelImport.Run(
            await File.ReadAllBytesAsync(state, cancellationToken),
            await File.ReadAllBytesAsync(parsed.GetValue(s_description)!, cancellationToken),
            Path.GetFileName(state));
        var path = parsed.GetValue(s_output) ?? model.Document.Name + ".safetensors";
        if (File.Exists(path) && Path.GetFullPath(path) == Path.GetFullPath(state))
        {
            throw new ModelFormatException($"{path} is the state dict itself. Name another file with --output.");
        }

        await using (var output = OutputFile.Open(path))
        {
            await output.Stream.WriteAsync(model.File, cancellationToken);
            await output.CompleteAsync();
        }

        var difference = model.LargestCheckDifference is { } largest
            ? $"log-densities agree with the checks to {largest:E1}"
            : "no checks in the description: nothing shows that activation, bounds and maps are those of the training";
        await Console.Error.WriteLineAsync(
            $"{path}: {model.Document.Name} ({model.Document.Process}), {model.Document.Schema.Scalars.Count} columns, "
                + $"{model.Layers} layers; {difference}");
        return 0;
    }
}

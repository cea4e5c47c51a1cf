using System.CommandLine;

using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;

namespace EventService.Cli;

/// <summary>eventservice constrain: a trained flow gets the inequalities of its recipe.</summary>
public static class Constrain
{
    private static readonly Argument<FileInfo> s_model = new("model") { Description = "Model file of a flow on a table (.safetensors)." };
    private static readonly Option<FileInfo> s_recipe = new("--recipe")
    {
        Description = "Its recipe, with data.inequalities.",
        Required = true,
    };
    private static readonly Option<string> s_output = new("--output", "-o")
    {
        Description = "Model file to write; it has the tensors of the first.",
        Required = true,
    };

    public static Command Command()
    {
        var command = new Command(
            "constrain",
            "Give a trained flow the inequalities of its recipe, as 'train' would: events of which they do not hold are drawn again, "
                + "densities are divided by the share that is kept.")
        {
            s_model,
            s_recipe,
            s_output,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var text = await File.ReadAllBytesAsync(parsed.GetValue(s_recipe)!.FullName, cancellation);
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(text);
        if (recipe.Data.Inequalities is not { } inequalities)
        {
            throw new RequestException(
                RequestFault.BadValue,
                $"{parsed.GetValue(s_recipe)!.Name} has no data.inequalities, expected what holds of the columns of every event; "
                    + "docs/recipes.md tells how they are written.");
        }

        var model = await File.ReadAllBytesAsync(parsed.GetValue(s_model)!.FullName, cancellation);
        if (EventGenerator.ReadDocument(model).Name is var name && name != recipe.Name)
        {
            throw new RequestException(
                RequestFault.BadValue,
                $"{parsed.GetValue(s_model)!.Name} is the model '{name}', but the recipe is that of '{recipe.Name}'.");
        }

        var (file, document) = await Terminal.MeasureAsync(progress =>
        {
            progress.Begin(SupportMeasurement.Title, SupportMeasurement.DrawsOf(recipe.Data.Conditions.Count));
            return SupportMeasurement.Give(model, inequalities, progress.Report, cancellation);
        });
        await using var output = OutputFile.Open(parsed.GetValue(s_output));
        await output.Stream.WriteAsync(file, cancellation);
        await output.CompleteAsync();
        await Console.Error.WriteLineAsync($"{parsed.GetValue(s_output)}: {document.Acceptance:P2} of the draws are kept");
        return 0;
    }
}

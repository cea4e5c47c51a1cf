using System.CommandLine;

namespace EventService.Cli.Models;

/// <summary>eventservice models history: what happened to a model, when, by whom and why.</summary>
internal static class ShowHistory
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Option<string?> s_alias = new("--alias") { Description = "Only the moves of this alias." };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("history", "What happened to a model: versions, cards, aliases, retirements.") { s_name, s_alias };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                var history = await models.HistoryAsync(parsed.GetValue(s_name)!, parsed.GetValue(s_alias), cancellationToken);
                await output.WriteAsync(history, () => output.TableAsync(
                    ["AT", "WHAT", "VERSION", "ALIAS", "FROM", "REVISION", "GROUNDS", "BY", "REASON"],
                    history.Select(
                        e => new object?[] { e.At, e.What, e.Version, e.Alias, e.From, e.Revision, e.Grounds, e.Actor, e.Reason })));
            }, cancellationToken);
        });
        return command;
    }
}

using System.CommandLine;

namespace EventService.Cli.Models;

/// <summary>eventservice models validate: adds a validation card to a version.</summary>
internal static class AddCard
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Argument<int> s_version = ModelArguments.Version();
    private static readonly Argument<string> s_card = new("card")
    {
        Description = "Validation card (card.json of 'eventservice evaluate').",
    };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("validate", "Add a validation card to a version; the last one counts.") { s_name, s_version, s_card };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            var content = await File.ReadAllTextAsync(parsed.GetValue(s_card)!, cancellationToken);
            await registry.WithModelsAsync(parsed, async models =>
            {
                var card = await models.AddCardAsync(parsed.GetValue(s_name)!, parsed.GetValue(s_version), content, cancellationToken);
                await output.WriteAsync(
                    card,
                    () => output.LineAsync($"{card.Name} version {card.Version}: the card {(card.Passed ? "passes" : "does not pass")}"));
            }, cancellationToken);
        });
        return command;
    }
}

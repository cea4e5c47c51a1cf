using System.CommandLine;
using System.Globalization;

using EventService.Registry;

namespace EventService.Cli.Models;

/// <summary>eventservice models at: what was production at a time.</summary>
internal static class ShowAliasAt
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Argument<string> s_time = new("time")
    {
        Description = "A time such as 2026-11-22T12:00:00Z; UTC if no zone is given.",
    };
    private static readonly Option<string> s_alias = ModelArguments.Alias();

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("at", "What an alias (production) meant at a time.") { s_name, s_time, s_alias };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var text = parsed.GetValue(s_time)!;
            if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                throw new RegistryException(RegistryFault.Invalid, $"The time is '{text}', expected one such as 2026-11-22T12:00:00Z.");
            }

            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
                await PromoteModel.WriteAsync(
                    output,
                    await models.GetAliasAsync(
                        parsed.GetValue(s_name)!, parsed.GetValue(s_alias)!, time, cancellationToken)), cancellationToken);
        });
        return command;
    }
}

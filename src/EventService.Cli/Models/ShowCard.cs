using System.CommandLine;

namespace EventService.Cli.Models;

/// <summary>eventservice models card: the last validation card of a version, as it was added.</summary>
internal static class ShowCard
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Argument<int> s_version = ModelArguments.Version();

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("card", "Write the last validation card of a version (JSON).") { s_name, s_version };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
                await output.LineAsync(
                    (await models.GetCardAsync(parsed.GetValue(s_name)!, parsed.GetValue(s_version), cancellationToken))
                        .TrimEnd()), cancellationToken);
        });
        return command;
    }
}

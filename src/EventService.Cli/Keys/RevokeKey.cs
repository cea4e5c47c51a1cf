using System.CommandLine;

namespace EventService.Cli.Keys;

/// <summary>eventservice keys revoke.</summary>
internal static class RevokeKey
{
    private static readonly Argument<long> s_id = new("id") { Description = "Number of the key, as 'keys list' shows it." };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("revoke", "End a key.") { s_id };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            await registry.WithKeysAsync(parsed, async keys =>
                await KeysCommand.WriteAsync(
                    output, [await keys.RevokeAsync(parsed.GetValue(s_id), cancellationToken)]), cancellationToken);
        });
        return command;
    }
}

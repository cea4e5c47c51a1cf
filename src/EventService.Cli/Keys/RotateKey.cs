using System.CommandLine;

using EventService.Registry.Keys;

namespace EventService.Cli.Keys;

/// <summary>eventservice keys rotate.</summary>
internal static class RotateKey
{
    private static readonly Argument<long> s_id = new("id") { Description = "Number of the key, as 'keys list' shows it." };
    private static readonly Option<int> s_overlap = new("--overlap") { Description = "Seconds for which the old key still works." };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("rotate", "Replace a key by a new one with the same name, scopes and quota, and show it, once.")
        {
            s_id,
            s_overlap,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            await registry.WithKeysAsync(parsed, async keys =>
                await KeysCommand.WriteAsync(
                    output,
                    await keys.RotateAsync(
                        parsed.GetValue(s_id), new RotateKeyRequest(parsed.GetValue(s_overlap)), cancellationToken)), cancellationToken);
        });
        return command;
    }
}

using System.CommandLine;

using EventService.Registry.Files;
using EventService.Registry.Keys;

namespace EventService.Cli.Keys;

/// <summary>eventservice keys: the API keys of a server or of a database. The first one is made in the database.</summary>
public static class KeysCommand
{
    /// <param name="load">Reads model files; EventGenerator.Load outside tests.</param>
    public static Command Command(ModelLoader load)
    {
        var registry = new RegistryOptions(load);
        var command = new Command("keys", "Make, list, rotate and revoke API keys.");
        Command[] verbs =
        [
            CreateKey.Command(registry),
            ListKeys.Command(registry),
            RotateKey.Command(registry),
            RevokeKey.Command(registry),
        ];
        foreach (var verb in verbs)
        {
            registry.AddTo(verb);
            command.Subcommands.Add(verb);
        }

        return command;
    }

    /// <summary>The key comes first and is not shown again.</summary>
    internal static Task WriteAsync(ResultWriter output, IssuedKeyResponse issued) => output.WriteAsync(issued, () => output.ListAsync(
        ("key", issued.Key),
        ("id", issued.Details.Id),
        ("name", issued.Details.Name),
        ("scopes", string.Join(' ', issued.Details.Scopes)),
        ("events/s", issued.Details.EventsPerSecond),
        ("requests", issued.Details.ConcurrentRequests),
        ("expires", issued.Details.ExpiresAt),
        ("note", "The key is shown this once; the registry keeps its digest only.")));

    internal static Task WriteAsync(ResultWriter output, IReadOnlyList<KeyResponse> keys) =>
        output.WriteAsync(keys, () => output.TableAsync(
        ["ID", "NAME", "STATE", "SCOPES", "EVENTS/S", "REQUESTS", "BY", "AT", "EXPIRES", "REVOKED"],
        keys.Select(k => new object?[]
        {
            k.Id, k.Name, k.State, string.Join(' ', k.Scopes), k.EventsPerSecond, k.ConcurrentRequests, k.CreatedBy, k.CreatedAt,
            k.ExpiresAt, k.RevokedAt,
        })));
}

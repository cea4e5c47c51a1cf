using System.CommandLine;
using System.Globalization;

using EventService.Registry;
using EventService.Registry.Keys;

namespace EventService.Cli.Keys;

/// <summary>eventservice keys create.</summary>
internal static class CreateKey
{
    private static readonly Argument<string> s_name = new("name") { Description = "Whose key it is; histories show it." };
    private static readonly Option<string> s_scopes = new("--scopes")
    {
        Description = $"Any of {string.Join(", ", KeyScope.All)}, separated by commas.",
        DefaultValueFactory = _ => $"{KeyScope.Read},{KeyScope.Generate}",
    };
    private static readonly Option<long?> s_eventsPerSecond = new("--events-per-second") { Description = "Quota; none if not given." };
    private static readonly Option<int?> s_requests = new("--concurrent-requests") { Description = "Quota; none if not given." };
    private static readonly Option<string?> s_expires = new("--expires")
    {
        Description = "When it ends, such as 2027-01-01; never if not given.",
    };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("create", "Make a key and show it, once.") { s_name, s_scopes, s_eventsPerSecond, s_requests, s_expires };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            DateTimeOffset? expires = null;
            if (parsed.GetValue(s_expires) is { } text)
            {
                expires = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                    ? time
                    : throw new RegistryException(
                        RegistryFault.Invalid, $"--expires is '{text}', expected a time such as 2027-01-01 or 2027-01-01T12:00:00Z.");
            }

            var request = new CreateKeyRequest(
                parsed.GetValue(s_name)!, parsed.GetValue(s_scopes)!, parsed.GetValue(s_eventsPerSecond), parsed.GetValue(s_requests),
                expires);
            var output = registry.Output(parsed);
            await registry.WithKeysAsync(
                parsed,
                async keys => await KeysCommand.WriteAsync(output, await keys.CreateAsync(request, cancellationToken)),
                cancellationToken,
                create: true);
        });
        return command;
    }
}

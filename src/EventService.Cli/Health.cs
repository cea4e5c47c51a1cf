using System.CommandLine;

namespace EventService.Cli;

/// <summary>eventservice health: asks a server whether it takes requests, for health checks of containers, which have no curl.</summary>
public static class Health
{
    private static readonly Option<string> s_server = new("--server")
    {
        Description = "Address of the server.",
        DefaultValueFactory = _ => "http://localhost:8080",
    };
    private static readonly Option<int> s_timeout = new("--timeout")
    {
        Description = "Seconds to wait for the answer.",
        DefaultValueFactory = _ => 5,
    };

    public static Command Command()
    {
        var command = new Command("health", "Ask a server whether it is ready for requests; the exit status says it.")
        {
            s_server,
            s_timeout,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var server = parsed.GetValue(s_server)!;
        using var client = new HttpClient
        {
            BaseAddress = ServerAddress.Parse(server),
            Timeout = TimeSpan.FromSeconds(Math.Max(1, parsed.GetValue(s_timeout))),
        };
        try
        {
            using var response = await client.GetAsync("health/ready", cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(await response.Content.ReadAsStringAsync(cancellationToken));
            return response.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new IOException($"No answer from {server}: {e.Message}", e);
        }
    }
}

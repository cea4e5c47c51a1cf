using System.Diagnostics;

using EventService.FunctionalTests.Databases;

namespace EventService.FunctionalTests;

/// <summary>The service as a process of its own, which can be killed.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;

    private ServerProcess(Process process, Uri address)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = address };

        // Whatever it writes is read, so that it never waits for a reader.
        _output = process.StandardOutput.ReadToEndAsync();
    }

    public HttpClient Client { get; }

    /// <summary>Starts it on a free port and waits until it listens; whoever asks may do everything.</summary>
    /// <param name="registry">Its database and data folder.</param>
    /// <param name="settings">Further arguments; later ones go before earlier ones.</param>
    public static async Task<ServerProcess> StartAsync(TestRegistry registry, params string[] settings)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "EventService.Server.dll"), "--urls=http://127.0.0.1:0", "--EventService:AnonymousScopes=admin",
            $"--EventService:DataFolder={registry.Folder}", $"--EventService:ModelsFolder={registry.Folder}/none",
            $"--EventService:RegistryConnectionString={(registry.Kind == DatabaseKind.Postgres ? registry.ConnectionString : "")}",
            .. settings,
        ])
        { RedirectStandardOutput = true })!;
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            said.Add(line);
            const string listening = "Now listening on: ";
            if (line.IndexOf(listening, StringComparison.Ordinal) is >= 0 and var at)
            {
                return new ServerProcess(process, new Uri(line[(at + listening.Length)..].Trim().Trim('"')));
            }
        }

        throw new InvalidOperationException($"The server does not start: {string.Join('\n', said)}");
    }

    /// <summary>SIGKILL: nothing is flushed, closed or told.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGTERM: the server is told to end.</summary>
    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>What it has written since it listens, once it has ended.</summary>
    public Task<string> OutputAsync() => _output;

    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Client.Dispose();
    }
}

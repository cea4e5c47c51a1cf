using System.Diagnostics;

namespace EventService.Transport;

/// <summary>This program of some build, serving.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, string address) => (_process, Address) = (process, address);

    public string Address { get; }

    public double ProcessorSeconds
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime.TotalSeconds;
        }
    }

    public static async Task<ServerProcess> StartAsync(string folder)
    {
        var program = Path.Combine(folder, "EventService.Transport.dll");
        var process = Process.Start(new ProcessStartInfo("dotnet", [program, "serve"]) { RedirectStandardOutput = true })!;
        var address = await process.StandardOutput.ReadLineAsync();
        return new ServerProcess(process, address ?? throw new InvalidOperationException($"The server of {folder} has not started."));
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}

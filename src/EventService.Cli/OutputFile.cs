namespace EventService.Cli;

/// <summary>
/// A file that appears under its name only once it is complete (until then NAME.partial), or standard output.
/// </summary>
internal sealed class OutputFile : IAsyncDisposable
{
    private readonly string? _path;
    private bool _complete;

    private OutputFile(string? path, Stream stream)
    {
        _path = path;
        Stream = stream;
    }

    public Stream Stream { get; }

    private string Partial => _path + ".partial";

    /// <param name="path">Null or "-" for standard output.</param>
    public static OutputFile Open(string? path) =>
        path is null or "-" ? new OutputFile(null, Console.OpenStandardOutput())
        : IsDevice(path) ? new OutputFile(null, File.OpenWrite(path))
        : new OutputFile(path, new FileStream(path + ".partial", FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16));

    /// <summary>Devices of Unix, such as /dev/null, are written to and never replaced.</summary>
    private static bool IsDevice(string path) =>
        !OperatingSystem.IsWindows() && Path.GetFullPath(path).StartsWith("/dev/", StringComparison.Ordinal);

    /// <summary>Writes everything to disk and gives the file its name.</summary>
    public async Task CompleteAsync()
    {
        await Stream.FlushAsync();
        if (_path is not null)
        {
            await Stream.DisposeAsync();
            File.Move(Partial, _path, overwrite: true);
        }

        _complete = true;
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        if (!_complete && _path is not null)
        {
            File.Delete(Partial);
        }
    }
}

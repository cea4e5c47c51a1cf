namespace EventService.Registry.Artifacts;

/// <summary>A file on its way into the registry: whole, on disk, with its digest. Disposing it deletes it.</summary>
public sealed class SpooledFile : IDisposable
{
    private readonly string _path;

    internal SpooledFile(string path, string sha256, long size)
    {
        _path = path;
        Sha256 = sha256;
        Size = size;
    }

    /// <summary>Lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    public long Size { get; }

    public Stream OpenRead() => File.OpenRead(_path);

    /// <summary>The file as memory, for as long as it is not disposed.</summary>
    internal MappedFile Map() => new(_path);

    public void Dispose() => File.Delete(_path);
}

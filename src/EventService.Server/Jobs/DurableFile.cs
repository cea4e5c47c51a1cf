using System.Security.Cryptography;

namespace EventService.Server.Jobs;

/// <summary>
/// A file that appears under its name once it is complete and on disk; until then it has another name, which goes if it is not completed.
/// </summary>
internal sealed class DurableFile : IAsyncDisposable
{
    private readonly string _path;
    private readonly string _unfinished;
    private readonly FileStream _stream;
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="path">Two servers that write the same file do not get into each other's way.</param>
    public DurableFile(string path)
    {
        _path = path;
        _unfinished = $"{path}.{Guid.NewGuid():N}.unfinished";
        _stream = new FileStream(_unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, useAsync: true);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(bytes, cancellationToken);
        _sha256.AppendData(bytes.Span);
    }

    /// <summary>Gives the file its name, in place of one that was there.</summary>
    public async Task<(long Bytes, string Sha256)> CompleteAsync()
    {
        var bytes = _stream.Length;
        _stream.Flush(flushToDisk: true);
        await _stream.DisposeAsync();
        File.Move(_unfinished, _path, overwrite: true);
        return (bytes, Convert.ToHexStringLower(_sha256.GetHashAndReset()));
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _sha256.Dispose();
        try
        {
            File.Delete(_unfinished);
        }
        catch (DirectoryNotFoundException)
        {
            // The job was cancelled meanwhile, and its folder is gone.
        }
    }
}

using System.Buffers;
using System.Security.Cryptography;

namespace EventService.Registry.Artifacts;

/// <summary>
/// Model files on this machine's disk: those on their way into the registry, and copies of those that were read from it,
/// named by their sha256. Whatever is in here can be deleted while no server runs.
/// </summary>
/// <param name="folder">Made when it is needed. Several servers on one machine may share it.</param>
/// <param name="time">For the age of copies and leftovers.</param>
/// <param name="cacheBytes">Beyond this the copies used longest ago are deleted.</param>
public sealed class ArtifactFolder(string folder, TimeProvider time, long cacheBytes = ArtifactFolder.DefaultCacheBytes)
{
    public const long DefaultCacheBytes = 20L << 30;

    private const string Unfinished = ".part";

    /// <summary>Longer than any upload: an unfinished file of this age belongs to a server that was killed.</summary>
    private static readonly TimeSpan s_leftover = TimeSpan.FromDays(1);

    /// <summary>Writes the stream to disk while its digest is taken; memory does not depend on its length.</summary>
    /// <exception cref="RegistryException">It is longer than <paramref name="maximumBytes"/>.</exception>
    public async Task<SpooledFile> SpoolAsync(Stream source, long maximumBytes = long.MaxValue, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var path = NewFile();
        try
        {
            var (sha256, size) = await WriteAsync(path, (to, token) => CopyAsync(source, to, maximumBytes, token), cancellationToken);
            return new SpooledFile(path, sha256, size);
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    /// <inheritdoc cref="SpoolAsync(Stream, long, CancellationToken)"/>
    public async Task<SpooledFile> SpoolAsync(ReadOnlyMemory<byte> file, CancellationToken cancellationToken = default)
    {
        var path = NewFile();
        await File.WriteAllBytesAsync(path, file, cancellationToken);
        return new SpooledFile(path, ArtifactStore.Digest(file.Span), file.Length);
    }

    /// <summary>Opens the copy of a file, which is fetched if it is not here.</summary>
    /// <param name="sha256">Digest of the file.</param>
    /// <param name="size">Its length.</param>
    /// <param name="fetch">Writes the file.</param>
    /// <param name="cancellationToken">Ends the fetching.</param>
    /// <exception cref="RegistryException">What was fetched is another file.</exception>
    public async Task<FileStream> OpenAsync(string sha256, long size, Func<Stream, CancellationToken, Task> fetch, CancellationToken cancellationToken = default)
    {
        var path = Path.Combine(folder, sha256);
        if (OpenCopy(path) is { } there)
        {
            if (there.Length == size)
            {
                return there;
            }

            await there.DisposeAsync();
        }

        var part = NewFile();
        try
        {
            var (fetchedSha256, fetchedSize) = await WriteAsync(part, fetch, cancellationToken);
            if (fetchedSize != size || fetchedSha256 != sha256)
            {
                throw new RegistryException(RegistryFault.Unusable,
                    $"The model file {sha256} is damaged in the registry: {fetchedSize} of {size} bytes found{(fetchedSize == size ? ", with another sha256" : "")}. Restore it from a backup or register it again.");
            }

            // Open before it has its name: from then on another server may find it to be one copy too many.
            var copy = OpenCopy(part)!;
            File.Move(part, path, overwrite: true);
            Shrink(keep: path);
            return copy;
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <summary>A file is longer than what is taken.</summary>
    public static RegistryException TooLong(long maximumBytes) =>
        new(RegistryFault.TooLarge, $"The file is longer than {maximumBytes} bytes, the largest that this registry takes. Publish a smaller model, or raise the limit in the server's settings.");

    /// <summary>Deletes a copy that turned out to be damaged.</summary>
    public void Forget(string sha256) => File.Delete(Path.Combine(folder, sha256));

    /// <summary>Deletes what killed servers left unfinished.</summary>
    public void DeleteLeftovers()
    {
        var before = time.GetUtcNow().UtcDateTime - s_leftover;
        foreach (var file in Files().Where(f => f.Extension == Unfinished && f.LastWriteTimeUtc < before))
        {
            file.Delete();
        }
    }

    private string NewFile()
    {
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, Guid.NewGuid().ToString("N") + Unfinished);
    }

    /// <summary>Null where there is none. It can be deleted while it is read.</summary>
    private FileStream? OpenCopy(string path)
    {
        try
        {
            var copy = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            File.SetLastAccessTimeUtc(copy.SafeFileHandle, time.GetUtcNow().UtcDateTime);
            return copy;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private IEnumerable<FileInfo> Files() => Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles() : [];

    private void Shrink(string keep)
    {
        var copies = Files().Where(f => f.Extension != Unfinished).OrderByDescending(f => f.LastAccessTimeUtc).ToArray();
        var bytes = 0L;
        foreach (var copy in copies)
        {
            bytes += copy.Length;
            if (bytes > cacheBytes && copy.FullName != Path.GetFullPath(keep))
            {
                copy.Delete();
            }
        }
    }

    private static async Task<(string Sha256, long Size)> WriteAsync(string path, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        using var sha256 = SHA256.Create();
        await using var file = File.Create(path);
        await using (var hashing = new CryptoStream(file, sha256, CryptoStreamMode.Write, leaveOpen: true))
        {
            await write(hashing, cancellationToken);
        }

        // On disk before it gets its name: a copy of the right length is a whole one even after a power cut.
        file.Flush(flushToDisk: true);
        return (Convert.ToHexStringLower(sha256.Hash!), file.Length);
    }

    private static async Task CopyAsync(Stream from, Stream to, long maximumBytes, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 17);
        try
        {
            var size = 0L;
            while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            {
                size += count;
                if (size > maximumBytes)
                {
                    throw TooLong(maximumBytes);
                }

                await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

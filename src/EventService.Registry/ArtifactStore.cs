using System.Security.Cryptography;

using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry;

/// <summary>Model files in the database, named by their sha256, in rows of at most <see cref="ArtifactChunk.MaximumBytes"/>.</summary>
public static class ArtifactStore
{
    /// <summary>lower-case hexadecimal sha256.</summary>
    public static string Digest(ReadOnlySpan<byte> file) => Convert.ToHexStringLower(SHA256.HashData(file));

    /// <summary>Adds the file unless it is there already. Part of the caller's transaction; one row at a time in memory.</summary>
    public static async Task WriteAsync(RegistryContext context, string sha256, ReadOnlyMemory<byte> file, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (await context.Chunks.AnyAsync(c => c.Sha256 == sha256, cancellationToken))
        {
            return;
        }

        for (var (at, ordinal) = (0, 0); at < file.Length; at += ArtifactChunk.MaximumBytes, ordinal++)
        {
            var length = Math.Min(ArtifactChunk.MaximumBytes, file.Length - at);
            var chunk = new ArtifactChunk { Sha256 = sha256, Ordinal = ordinal, Bytes = file.Slice(at, length).ToArray() };
            context.Chunks.Add(chunk);
            await context.SaveChangesAsync(cancellationToken);
            context.Entry(chunk).State = EntityState.Detached;
        }
    }

    /// <summary>Reads a file and checks that it is the one that was stored.</summary>
    /// <exception cref="RegistryException">Bytes are missing or changed.</exception>
    public static async Task<byte[]> ReadAsync(RegistryContext context, string sha256, long size, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var file = new byte[size];
        var at = 0L;
        var rows = context.Chunks.AsNoTracking().Where(c => c.Sha256 == sha256).OrderBy(c => c.Ordinal).Select(c => c.Bytes);
        await foreach (var bytes in rows.AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            if (at + bytes.Length <= size)
            {
                bytes.CopyTo(file, at);
            }

            at += bytes.Length;
        }

        if (at != size || Digest(file) != sha256)
        {
            throw new RegistryException(RegistryFault.Unusable,
                $"The model file {sha256} is damaged in the registry: {at} of {size} bytes found{(at == size ? ", with another sha256" : "")}. Restore it from a backup or register it again.");
        }

        return file;
    }
}

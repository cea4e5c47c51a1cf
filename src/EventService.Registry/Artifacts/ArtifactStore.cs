using System.Data;
using System.Security.Cryptography;

using EventService.Registry.Databases;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Artifacts;

/// <summary>Model files in the database, named by their sha256, in rows of at most <see cref="ArtifactChunk.MaximumBytes"/>.</summary>
/// <remarks>
/// Rows come before the version they belong to, each in a transaction of its own: a large file holds no lock for long. A row is
/// determined by its key, so whoever writes the same file, at the same time or after a server was killed, adds what is missing.
/// </remarks>
public static class ArtifactStore
{
    /// <summary>lower-case hexadecimal sha256.</summary>
    public static string Digest(ReadOnlySpan<byte> file) => Convert.ToHexStringLower(SHA256.HashData(file));

    /// <summary>Adds the rows of the file that are not there; one at a time in memory.</summary>
    public static async Task WriteAsync(RegistryContext context, SpooledFile file, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(file);
        var there = (await context.Chunks.Where(c => c.Sha256 == file.Sha256).Select(c => c.Ordinal).ToListAsync(cancellationToken)).ToHashSet();
        var rows = (file.Size + ArtifactChunk.MaximumBytes - 1) / ArtifactChunk.MaximumBytes;
        if (there.Count == rows)
        {
            return;
        }

        await using var stream = file.OpenRead();
        var row = new byte[Math.Min(ArtifactChunk.MaximumBytes, file.Size)];
        for (var ordinal = 0; ordinal < rows; ordinal++)
        {
            if (there.Contains(ordinal))
            {
                continue;
            }

            stream.Position = (long)ordinal * ArtifactChunk.MaximumBytes;
            var length = (int)Math.Min(ArtifactChunk.MaximumBytes, file.Size - stream.Position);
            await stream.ReadExactlyAsync(row.AsMemory(0, length), cancellationToken);
            var bytes = length == row.Length ? row : row[..length];
            await context.Database.ExecuteSqlAsync(
                $"INSERT INTO artifact_chunk (sha256, ordinal, bytes) VALUES ({file.Sha256}, {ordinal}, {bytes}) ON CONFLICT DO NOTHING", cancellationToken);
        }
    }

    /// <summary>Writes the rows of a file one after another; whether they are all there and unchanged, their digest says.</summary>
    public static async Task CopyAsync(RegistryContext context, string sha256, Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.Database.OpenConnectionAsync(cancellationToken);
        await using var command = context.Database.GetDbConnection().CreateCommand();
        command.CommandText = "SELECT bytes FROM artifact_chunk WHERE sha256 = @sha256 ORDER BY ordinal";
        var parameter = command.CreateParameter();
        parameter.ParameterName = "sha256";
        parameter.Value = sha256;
        command.Parameters.Add(parameter);

        // Sequential: PostgreSQL's rows pass through a small buffer.
        await using var rows = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            await using var bytes = rows.GetStream(0);
            await bytes.CopyToAsync(destination, cancellationToken);
        }
    }

    /// <summary>
    /// Deletes the rows that belong to no version: those of uploads that were cut off. Uploads that still run add theirs again.
    /// </summary>
    /// <returns>The number of rows.</returns>
    public static async Task<int> SweepAsync(RegistryContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.LockArtifactsAsync(alone: true, cancellationToken);
        var rows = await context.Chunks.Where(c => !context.Versions.Any(v => v.Sha256 == c.Sha256)).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return rows;
    }
}

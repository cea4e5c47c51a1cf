using System.Buffers;
using System.Security.Cryptography;

using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Sampling;
using EventService.Physics.Formats;

namespace EventService.Generation.Receipts;

/// <summary>What came out of a replay.</summary>
/// <param name="Bytes">Bytes that were made, up to where a difference was found.</param>
/// <param name="Sha256">Digest of all bytes; null where a difference was found before the end.</param>
/// <param name="Difference">Where and how the file differs; null where it does not, or there is none.</param>
public sealed record ReplayResult(long Bytes, string? Sha256, string? Difference);

/// <summary>Makes events again and compares them with a file, chunk by chunk, in flat memory.</summary>
public static class EventReplay
{
    /// <param name="workers">The workers.</param>
    /// <param name="generator">The model.</param>
    /// <param name="request">The events and their format.</param>
    /// <param name="file">What is compared; null for nothing. It is read to the end of the replay or to the first difference.</param>
    /// <param name="progress">Told the number of events done so far.</param>
    /// <param name="cancellationToken">Ends the work within a chunk.</param>
    public static async Task<ReplayResult> RunAsync(
        IWorkers workers, EventGenerator generator, GenerateRequest request, Stream? file, Action<long>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var comparison = file is null ? null : new FileComparison(file, generator, request);
        var length = 0L;
        try
        {
            await GeneratePipeline.RunAsync(workers, generator, request, async (bytes, done, token) =>
            {
                if (comparison is not null && !await comparison.AgreesAsync(bytes, token).ConfigureAwait(false))
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    return;
                }

                sha256.AppendData(bytes.Span);
                length += bytes.Length;
                progress?.Invoke(done);
            }, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (comparison?.Difference is not null && !cancellationToken.IsCancellationRequested)
        {
            return new ReplayResult(length, null, comparison.Difference);
        }

        return comparison is not null && await comparison.GoesOnAsync(cancellationToken).ConfigureAwait(false)
            ? new ReplayResult(length, null, comparison.Difference)
            : new ReplayResult(length, Convert.ToHexStringLower(sha256.GetHashAndReset()), null);
    }

    /// <summary>Reads the file along with the replay.</summary>
    private sealed class FileComparison(Stream file, EventGenerator generator, GenerateRequest request)
    {
        private byte[] _read = [];
        private long _at;
        private long _lines;

        public string? Difference { get; private set; }

        public async Task<bool> AgreesAsync(ReadOnlyMemory<byte> expected, CancellationToken cancellationToken)
        {
            if (_read.Length < expected.Length)
            {
                _read = new byte[expected.Length];
            }

            var count = await file.ReadAtLeastAsync(_read.AsMemory(0, expected.Length), expected.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            var same = expected.Span.CommonPrefixLength(_read.AsSpan(0, count));
            if (same == expected.Length)
            {
                _at += same;
                _lines += expected.Span.Count((byte)'\n');
                return true;
            }

            var place = Place(_at + same, _lines + expected.Span[..same].Count((byte)'\n'));
            Difference = same == count
                ? $"The file ends after {_at + same} bytes, {place}: it is not whole, or the n of the receipt is not its."
                : $"The file differs from byte {_at + same} on, {place}.";
            return false;
        }

        /// <summary>Whether the file has more than the replay.</summary>
        public async Task<bool> GoesOnAsync(CancellationToken cancellationToken)
        {
            if (await file.ReadAsync(new byte[1], cancellationToken).ConfigureAwait(false) == 0)
            {
                return false;
            }

            Difference = $"The file goes on behind the {_at} bytes of the {request.Count} events: the n of the receipt is not its.";
            return true;
        }

        private string Place(long at, long line)
        {
            if (request.Format != NpyWriter.FormatName)
            {
                return request.Cut is null
                    ? $"in event {request.First + line} (line {line + 1} of its events)"
                    : $"in line {line + 1}";
            }

            var header = new ArrayBufferWriter<byte>();
            var writer = request.CreateWriter(generator);
            writer.WriteHeader(header);
            var record = (writer.ContentLength(1) - writer.ContentLength(0))!.Value;
            return at < header.WrittenCount
                ? "in the header: the n, columns or logDensity of the receipt are not its"
                : $"in event {request.First + ((at - header.WrittenCount) / record)}";
        }
    }
}

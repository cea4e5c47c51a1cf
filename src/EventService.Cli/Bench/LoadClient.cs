using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;

namespace EventService.Cli.Bench;

/// <summary>Sends requests for npy, whose length tells how many events have come, and reads the answers as fast as they come.</summary>
internal sealed class LoadClient(HttpClient http, string process)
{
    private const int ReadBytes = 1 << 16;
    private static readonly TimeSpan s_leastPause = TimeSpan.FromMilliseconds(100);

    /// <summary>One request. A refusal is waited out before this returns.</summary>
    /// <param name="client">Number of the client.</param>
    /// <param name="n">Events.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="due">Timestamp from which its time counts.</param>
    /// <param name="end">The end of the trial.</param>
    public async Task<LoadRequest> AskAsync(int client, long n, ulong seed, long due, CancellationToken end)
    {
        var query = string.Create(
            CultureInfo.InvariantCulture, $"generate?process={Uri.EscapeDataString(process)}&n={n}&seed={seed}&format=npy");
        var firstByte = TimeSpan.Zero;
        long bytes = 0, length = 0;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        LoadRequest Ended(LoadOutcome outcome, string? error = null) => new(
            client, query, n, outcome, Stopwatch.GetElapsedTime(due), firstByte, bytes, length == 0
                ? 0
                : (double)bytes / length * n, Convert.ToHexStringLower(hash.GetCurrentHash()), error);

        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, query);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end);
            firstByte = Stopwatch.GetElapsedTime(due);
            if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
                && response.Headers.RetryAfter?.Delta is { } retryAfter)
            {
                var shed = Ended(LoadOutcome.Shed);
                await Task.Delay(retryAfter > s_leastPause ? retryAfter : s_leastPause, end)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return shed;
            }

            if (!response.IsSuccessStatusCode)
            {
                return Ended(LoadOutcome.Failed, $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(end)}");
            }

            length = response.Content.Headers.ContentLength ?? 0;
            await using var body = await response.Content.ReadAsStreamAsync(end);
            bytes = await ReadAsync(body, long.MaxValue, hash, read => bytes = read, end);
            return bytes == length ? Ended(LoadOutcome.Complete) : Ended(LoadOutcome.Failed, $"{bytes} of {length} bytes came");
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return Ended(LoadOutcome.Cut);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return Ended(LoadOutcome.Failed, $"{e.Message} {e.InnerException?.Message}");
        }
    }

    /// <summary>sha256 of the first bytes of the same answer, asked for alone.</summary>
    public async Task<string> ReplayAsync(LoadRequest asked, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, asked.Query);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await ReadAsync(body, asked.Bytes, hash, _ => { }, cancellationToken);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static async Task<long> ReadAsync(
        Stream body, long most, IncrementalHash hash, Action<long> progress, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            var bytes = 0L;
            while (bytes < most)
            {
                var read = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, most - bytes)), cancellationToken);
                if (read == 0)
                {
                    break;
                }

                hash.AppendData(buffer.AsSpan(0, read));
                progress(bytes += read);
            }

            return bytes;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

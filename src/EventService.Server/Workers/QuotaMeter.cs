using EventService.Registry.Keys;
using EventService.Server.Problems;

namespace EventService.Server.Workers;

/// <summary>What a caller uses of its quota: requests at a time, and events a second with a second's worth in reserve.</summary>
/// <remarks>
/// Streams of a caller with a rate are slowed down to it instead of refused: each chunk takes its events from a virtual schedule (the
/// generic cell rate algorithm, ITU-T I.371) and waits for its place. A request is refused where the others of the caller are already
/// that far behind.
/// </remarks>
internal sealed class QuotaMeter(TimeProvider time)
{
    /// <summary>A request whose first chunk would wait longer than this is refused.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_reserve = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private KeyQuota _quota = KeyQuota.None;
    private DateTimeOffset _schedule;

    /// <summary>Requests inside.</summary>
    public int Requests { get; private set; }

    /// <param name="title">Whose it is, for the sentence, such as "Key 'alice'".</param>
    /// <param name="quota">As it is now: it can change while the key is used.</param>
    /// <exception cref="ProblemException">429: the quota is used up.</exception>
    public void Enter(string title, KeyQuota quota)
    {
        lock (_lock)
        {
            _quota = quota;
            if (Requests >= quota.ConcurrentRequests)
            {
                throw new ProblemException(StatusCodes.Status429TooManyRequests,
                    $"{title} has {Requests} requests under way, as many as it may. Wait for one to end, or ask an administrator for more.",
                    TimeSpan.FromSeconds(1));
            }

            var behind = _schedule - time.GetUtcNow();
            if (quota.EventsPerSecond is { } rate && behind > s_patience)
            {
                throw new ProblemException(StatusCodes.Status429TooManyRequests,
                    $"{title} may have {rate} events a second, and its requests under way are already {behind.TotalSeconds:F0} s behind. "
                    + "Wait for them, or ask an administrator for more.",
                    behind - s_patience);
            }

            Requests++;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            Requests--;
        }
    }

    /// <summary>Waits until the caller may have that many more events.</summary>
    public async Task WaitAsync(int events, CancellationToken cancellationToken)
    {
        TimeSpan wait;
        lock (_lock)
        {
            if (_quota.EventsPerSecond is not { } rate)
            {
                return;
            }

            var now = time.GetUtcNow();
            _schedule = (_schedule > now ? _schedule : now) + TimeSpan.FromSeconds((double)events / rate);
            wait = _schedule - now - s_reserve;
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken);
        }
    }
}

using EventService.Server.Problems;

namespace EventService.Server.Events;

/// <summary>Lets a bounded number of requests work at a time; one too many is told to come again instead of waiting unseen.</summary>
internal sealed class RequestGate(ServerSettings settings)
{
    private static readonly TimeSpan s_retryAfter = TimeSpan.FromSeconds(2);

    private int _inside;

    /// <exception cref="ProblemException">The server is full.</exception>
    public IDisposable Enter()
    {
        if (Interlocked.Increment(ref _inside) > settings.ConcurrentRequests)
        {
            Interlocked.Decrement(ref _inside);
            throw new ProblemException(StatusCodes.Status503ServiceUnavailable,
                $"The server is serving {settings.ConcurrentRequests} requests, as many as it may. Try again shortly.", s_retryAfter);
        }

        return new Pass(this);
    }

    private sealed class Pass(RequestGate gate) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref gate._inside);
    }
}

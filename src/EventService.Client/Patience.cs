using Grpc.Core;

namespace EventService.Client;

/// <summary>How often, and after which pauses, an operation that breaks is tried again.</summary>
internal sealed class Patience(EventServiceClientOptions options, Deadline deadline)
{
    private int _failures;

    /// <summary>Something new has come: the next failure is a first one again.</summary>
    public void Progress() => _failures = 0;

    /// <summary>Waits before the next attempt; throws where there is none.</summary>
    public async Task WaitAsync(RpcException failure, CancellationToken cancellationToken)
    {
        // A server that is away, full or going down; a quota, where the server says when it is there again.
        var retryAfter = failure.RetryAfter();
        var passes = failure.StatusCode == StatusCode.Unavailable
            || (failure.StatusCode == StatusCode.ResourceExhausted && retryAfter is not null);
        if (!passes || _failures >= options.Retries)
        {
            throw failure;
        }

        var doubled = options.FirstPause * Math.Pow(2, _failures++);
        var pause = retryAfter ?? (doubled < options.LongestPause ? doubled : options.LongestPause);
        if (deadline.Left < pause)
        {
            throw new RpcException(new Status(
                StatusCode.DeadlineExceeded,
                $"The operation's time is over before another attempt. The last one: {failure.Status.Detail}", failure));
        }

        options.Retrying?.Invoke(failure, pause);
        await Task.Delay(pause, options.Time, cancellationToken).ConfigureAwait(false);
    }
}

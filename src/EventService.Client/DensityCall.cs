using EventService.Contracts.V1;

using Grpc.Core;

namespace EventService.Client;

/// <summary>A call for densities: sends the caller's blocks as fast as the server takes them, while answers come.</summary>
internal sealed class DensityCall : IAsyncDisposable
{
    private readonly CancellationTokenSource _ends;
    private readonly AsyncDuplexStreamingCall<DensityRequest, DensityResponse> _call;
    private readonly CancellationToken _cancellationToken;
    private readonly Task _sending;
    private Exception? _callersFailure;

    public DensityCall(
        Channel channel, DensityStart start, IAsyncEnumerable<EventColumns> blocks, Deadline deadline, CancellationToken cancellationToken)
    {
        _cancellationToken = cancellationToken;
        _ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _call = channel.Events.Density(channel.Options(deadline, _ends.Token));
        _sending = SendAsync(start, blocks);
    }

    /// <summary>The next answer; null behind the last one of a call that ended well.</summary>
    /// <exception cref="RpcException">The call failed, or its connection broke.</exception>
    public async Task<DensityResponse?> ReadAsync()
    {
        try
        {
            return await _call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false) ? _call.ResponseStream.Current : null;
        }
        catch (RpcException e)
        {
            throw _callersFailure ?? Failures.Explain(e, _cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Ends the call at the server too, if it has not ended.
        await _ends.CancelAsync().ConfigureAwait(false);
        _call.Dispose();
        await _sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ends.Dispose();
    }

    private async Task SendAsync(DensityStart start, IAsyncEnumerable<EventColumns> blocks)
    {
        await _call.RequestStream.WriteAsync(new DensityRequest { Start = start }).ConfigureAwait(false);
        var next = blocks.GetAsyncEnumerator(_ends.Token);
        await using (next.ConfigureAwait(false))
        {
            while (await MoveAsync(next).ConfigureAwait(false))
            {
                await _call.RequestStream.WriteAsync(new DensityRequest { Block = next.Current }).ConfigureAwait(false);
            }
        }

        await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>What the caller's blocks fail with ends the call, and is why.</summary>
    private async ValueTask<bool> MoveAsync(IAsyncEnumerator<EventColumns> blocks)
    {
        try
        {
            return await blocks.MoveNextAsync().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _callersFailure = _ends.IsCancellationRequested ? null : e;
            await _ends.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }
}

using EventService.Server.Problems;

using Grpc.Core;

namespace EventService.Server.Grpc;

/// <summary>The messages that a client sends, waited for so long and no longer.</summary>
internal sealed class PatientReader<T>(IAsyncStreamReader<T> inner, TimeSpan patience, TimeProvider time) : IAsyncStreamReader<T>
{
    public T Current => inner.Current;

    /// <exception cref="RpcException">CANCELLED: nothing has come for too long, or the client has gone.</exception>
    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        try
        {
            var next = inner.MoveNext(cancellationToken);
            return next.IsCompletedSuccessfully ? await next : await next.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new RpcException(new Status(
                StatusCode.Cancelled, $"The client has sent nothing for {patience.TotalSeconds:F0} s; the call was ended."));
        }
        catch (IOException e) when (BrokenConnection.IsReset(e))
        {
            // A stream that was reset or a connection that broke, of which the request's token may not know yet.
            throw new RpcException(new Status(StatusCode.Cancelled, $"The client has gone: {e.Message}"));
        }
    }
}

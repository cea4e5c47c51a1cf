using EventService.Server.Logging;
using EventService.Server.Problems;

using Grpc.Core;

using Microsoft.AspNetCore.Http.Features;

namespace EventService.Server.Grpc;

/// <summary>
/// The messages of an answer. Each waits until the connection takes it, for so long and no longer: then the client is cut off.
/// </summary>
internal sealed class PatientWriter<T>(IServerStreamWriter<T> inner, HttpContext http, TimeSpan patience, TimeProvider time)
    : IServerStreamWriter<T>
{
    private const int Http2Cancel = 8;

    public WriteOptions? WriteOptions
    {
        get => inner.WriteOptions;
        set => inner.WriteOptions = value;
    }

    /// <exception cref="RpcException">CANCELLED: nothing was taken for too long.</exception>
    public Task WriteAsync(T message)
    {
        var written = inner.WriteAsync(message);
        return written.IsCompletedSuccessfully ? written : WaitAsync(written);
    }

    private async Task WaitAsync(Task written)
    {
        try
        {
            await written.WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            RequestOutcome.Of(http).CutOff($"The client has taken nothing for {patience.TotalSeconds:F0} s.");
            if (http.Features.Get<IHttpResetFeature>() is { } stream)
            {
                stream.Reset(Http2Cancel);
            }
            else
            {
                http.Abort();
            }

            throw new RpcException(new Status(
                StatusCode.Cancelled, $"The client has taken nothing for {patience.TotalSeconds:F0} s; the call was cut off."));
        }
    }
}

using System.IO.Pipelines;

using EventService.Grpc;
using EventService.Grpc.Framing;
using EventService.Grpc.V1;
using EventService.Server.Grpc;

namespace EventService.FunctionalTests.Grpc;

public sealed class RequestStreamTests
{
    [Fact]
    public async Task MoveNext_StreamWasReset_IsCancelledAndNoFailureOfTheServer()
    {
        // As Kestrel ends the body of a stream that its client has reset, whether or not the request's token is cancelled yet.
        var body = new Pipe();
        await body.Writer.CompleteAsync(new IOException("The request stream was aborted.", new IOException("The client reset the request stream.")));
        var requests = new RequestStream<GetModelRequest>(new MessageReader(body.Reader, 100, null), TimeSpan.FromSeconds(30), TimeProvider.System);
        var e = await Assert.ThrowsAsync<RpcException>(() => requests.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.Cancelled, e.StatusCode);
        Assert.StartsWith("The client has gone: ", e.Message, StringComparison.Ordinal);
    }
}

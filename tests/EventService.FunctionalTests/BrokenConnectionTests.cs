using EventService.Server.Problems;

using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace EventService.FunctionalTests;

public sealed class BrokenConnectionTests
{
    public static TheoryData<Exception, bool> Errors { get; } = new()
    {
        { new ConnectionResetException("Connection reset by peer"), true },
        { new IOException("The request stream was aborted.", new ConnectionAbortedException("The HTTP/2 connection faulted.", new ConnectionResetException("Connection reset by peer"))), true },
        { new IOException("No space left on device"), false },
        { new OperationCanceledException(), false },
        { new InvalidOperationException("A fault of the server."), false },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void Explains_BeforeTheTokenIsCancelled_GoesByTheError(Exception error, bool expected) =>
        Assert.Equal(expected, BrokenConnection.Explains(new DefaultHttpContext(), error));

    [Fact]
    public void Explains_Cancellation_IsTheClientsIfItsTokenIsCancelled()
    {
        var http = new DefaultHttpContext { RequestAborted = new CancellationToken(canceled: true) };
        Assert.True(BrokenConnection.Explains(http, new OperationCanceledException()));
        Assert.False(BrokenConnection.Explains(http, new InvalidOperationException()));
    }
}

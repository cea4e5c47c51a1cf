namespace EventService.Server.Grpc;

/// <summary>The messages that a client sends, one after another.</summary>
internal interface IAsyncStreamReader<out T>
{
    /// <summary>The message that <see cref="MoveNext"/> has found.</summary>
    T Current { get; }

    /// <summary>Waits for the next message; false when the client has sent its last.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}

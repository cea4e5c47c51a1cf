namespace EventService.Server.Grpc;

/// <summary>The messages that a call answers with. One caller at a time; each write waits until the connection takes it.</summary>
internal interface IServerStreamWriter<in T>
{
    Task WriteAsync(T message);

    /// <summary>Writes a message that is already encoded, in two pieces: another host gets the same from a marshaller that passes bytes on.</summary>
    ValueTask WriteEncodedAsync(ReadOnlyMemory<byte> message, ReadOnlyMemory<byte> tail = default);
}

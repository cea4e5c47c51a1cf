using System.Buffers;

using EventService.Contracts.V1;

using Google.Protobuf;

using Grpc.Core;

namespace EventService.Client;

/// <summary>
/// Reads the messages of Generate, each into the memory of the one before. A block's bytes are copied once, as they are, and its columns
/// are views on them: the generated code makes an array for each column of each block.
/// </summary>
internal sealed class EventBlockReader
{
    private byte[] _buffer = [];

    private EventBlockReader()
    {
    }

    /// <summary>The method, with a reader of its own: for one stream.</summary>
    public static Method<GenerateRequest, GenerateResponse> Method()
    {
        var reader = new EventBlockReader();
        return new Method<GenerateRequest, GenerateResponse>(
            MethodType.ServerStreaming,
            Events.Descriptor.FullName,
            "Generate",
            Marshallers.Create<GenerateRequest>(
                (request, context) => context.Complete(request.ToByteArray()),
                _ => throw new NotSupportedException("Requests are only sent.")),
            Marshallers.Create<GenerateResponse>((_, _) => throw new NotSupportedException("Answers are only read."), reader.Read));
    }

    private GenerateResponse Read(DeserializationContext context)
    {
        var payload = context.PayloadAsReadOnlySequence();
        var length = (int)payload.Length;
        if (_buffer.Length < length)
        {
            _buffer = GC.AllocateUninitializedArray<byte>(length);
        }

        payload.CopyTo(_buffer);

        // All that is not the usual block is for the generated code, faults included.
        return TryReadBlock(new WireReader(_buffer.AsMemory(0, length))) ?? GenerateResponse.Parser.ParseFrom(payload);
    }

    private static GenerateResponse? TryReadBlock(WireReader message)
    {
        GenerateResponse? response = null;
        while (message.TryReadTag(out var field, out var type))
        {
            switch (field, type)
            {
                case (GenerateResponse.BlockFieldNumber, WireReader.Bytes)
                    when response is null && message.TryReadBytes(out var bytes) && TryReadColumns(new WireReader(bytes)) is { } block:
                    response = new GenerateResponse { Block = block };
                    break;
                case (GenerateResponse.NextFieldNumber, WireReader.Fixed64)
                    when response is not null && message.TryReadFixed64(out var next):
                    response.Next = next;
                    break;
                default:
                    return null;
            }
        }

        return message.IsAtEnd ? response : null;
    }

    private static EventColumns? TryReadColumns(WireReader message)
    {
        var block = new EventColumns();
        while (message.TryReadTag(out var field, out var type))
        {
            if ((field, type) == (EventColumns.CountFieldNumber, WireReader.Varint) && message.TryReadVarint(out var count))
            {
                block.Count = count;
                continue;
            }

            if (type != WireReader.Bytes || !message.TryReadBytes(out var bytes))
            {
                return null;
            }

            switch (field)
            {
                case EventColumns.EventNumberFieldNumber:
                    block.EventNumber = UnsafeByteOperations.UnsafeWrap(bytes);
                    break;
                case EventColumns.ScalarsFieldNumber:
                    block.Scalars.Add(UnsafeByteOperations.UnsafeWrap(bytes));
                    break;
                case EventColumns.LogDensityFieldNumber:
                    block.LogDensity = UnsafeByteOperations.UnsafeWrap(bytes);
                    break;
                case EventColumns.CollectionsFieldNumber when TryReadCollection(new WireReader(bytes)) is { } collection:
                    block.Collections.Add(collection);
                    break;
                default:
                    return null;
            }
        }

        return message.IsAtEnd ? block : null;
    }

    private static CollectionColumns? TryReadCollection(WireReader message)
    {
        var collection = new CollectionColumns();
        while (message.TryReadTag(out var field, out var type))
        {
            if (type != WireReader.Bytes || !message.TryReadBytes(out var bytes))
            {
                return null;
            }

            switch (field)
            {
                case CollectionColumns.OffsetsFieldNumber:
                    collection.Offsets = UnsafeByteOperations.UnsafeWrap(bytes);
                    break;
                case CollectionColumns.ColumnsFieldNumber:
                    collection.Columns.Add(UnsafeByteOperations.UnsafeWrap(bytes));
                    break;
                default:
                    return null;
            }
        }

        return message.IsAtEnd ? collection : null;
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;

using EventService.Contracts.V1;

using Google.Protobuf;

namespace EventService.Transport;

/// <summary>
/// Blocks that need no work, in the shape of those of the shipped model: three scalars, five collections of five columns.
/// </summary>
internal sealed class ReadyEvents
{
    public const int Messages = 8000;

    private const int EventsOfAMessage = 256;
    private const int ObjectsOfAnEvent = 4;
    private const long Mark = 0x0123_4567_89AB_CDEF;

    private readonly byte[] _message;
    private readonly int _numbers;

    public ReadyEvents()
    {
        var block = new EventColumns { Count = EventsOfAMessage, EventNumber = Bytes(Enumerable.Repeat(Mark, EventsOfAMessage)) };
        var value = 0;
        ByteString Floats(int count) => Bytes(Enumerable.Range(0, count).Select(_ => 1f / ++value));
        block.Scalars.Add(Enumerable.Range(0, 3).Select(_ => Floats(EventsOfAMessage)));
        block.Collections.Add(Enumerable.Range(0, 5).Select(_ => new CollectionColumns
        {
            Offsets = Bytes(Enumerable.Range(0, EventsOfAMessage + 1).Select(k => k * ObjectsOfAnEvent)),
            Columns = { Enumerable.Range(0, 5).Select(_ => Floats(EventsOfAMessage * ObjectsOfAnEvent)) },
        }));
        _message = new GenerateResponse { Block = block, Next = Mark }.ToByteArray();
        _numbers = _message.AsSpan().IndexOf(BitConverter.GetBytes(Mark));
    }

    public static long Events => (long)Messages * EventsOfAMessage;

    /// <summary>Bytes of all blocks.</summary>
    public long Length => (long)Messages * _message.Length;

    public static GenerateResponse Start => new()
    {
        Start = new GenerateStart
        {
            Schema = new Schema(),
            Receipt = new Receipt { Process = "ready", Model = "ready", Version = 1, Sha256 = "aa", N = Events },
        },
    };

    public static GenerateResponse End => new() { End = new GenerateEnd { Events = Events, Generated = Events } };

    /// <summary>The messages with the blocks, each in the memory of the one before.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Blocks()
    {
        var message = _message.ToArray();
        for (var k = 0L; k < Messages; k++)
        {
            var numbers = MemoryMarshal.Cast<byte, long>(message.AsSpan(_numbers, sizeof(long) * EventsOfAMessage));
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = (k * EventsOfAMessage) + i;
            }

            // The field 'next' is the last one.
            BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(message.Length - sizeof(long)), (k + 1) * EventsOfAMessage);
            yield return message;
        }
    }

    private static ByteString Bytes<T>(IEnumerable<T> values)
        where T : unmanaged => ByteString.CopyFrom(MemoryMarshal.AsBytes(values.ToArray().AsSpan()));
}

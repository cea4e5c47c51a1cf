using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

using EventService.Contracts.V1;
using EventService.Physics.Events;
using EventService.Physics.Formats;

using Google.Protobuf;

namespace EventService.Server.Events;

/// <summary>
/// Blocks as messages of gRPC: columns go as they lie in memory into <see cref="GenerateResponse"/>.block, encoded by hand so that nothing
/// is made for an event and each byte is copied once. A block becomes one message or several, each behind its length: <see cref="Take"/>
/// has them one by one.
/// </summary>
/// <remarks>
/// Every message but the last of a block has its 'next'; that one is for the caller to add, who knows what a cut took away.
/// </remarks>
internal sealed class ColumnBlockWriter : IEventWriter
{
    public const string FormatName = Generation.Requests.Receipt.GrpcFormat;

    /// <summary>
    /// Messages are not longer unless one event is: clients take 4 MiB as they come, and buffers are pooled up to 1 MiB, what is around the
    /// columns included.
    /// </summary>
    public const int MessageBytes = (1 << 20) - (1 << 14);

    private readonly SampleSchema _schema;
    private readonly int[] _scalars;
    private readonly (int Index, int[] Columns)[] _collections;
    private readonly (int Index, int Size)[] _arrays;
    private readonly bool _logDensity;
    private readonly Action<int> _written;

    /// <param name="schema">That of the blocks.</param>
    /// <param name="columns">Names to write, as <see cref="SampleSchema.Select"/> takes them; null for all.</param>
    /// <param name="logDensity">Whether each block comes with log-densities.</param>
    /// <param name="written">Told the number of events of each block, on the thread that writes it.</param>
    /// <exception cref="ArgumentException">A column is unknown.</exception>
    public ColumnBlockWriter(SampleSchema schema, IReadOnlyList<string>? columns, bool logDensity, Action<int> written)
    {
        (_schema, _logDensity, _written) = (schema, logDensity, written);
        Selected = columns is null ? schema : schema.Select(columns);
        _scalars = [.. Selected.Scalars.Select(s => IndexOf(schema.Scalars, x => x.Name == s.Name))];
        _collections = [.. Selected.Collections.Select(c =>
        {
            var index = IndexOf(schema.Collections, x => x.Name == c.Name);
            return (index, c.Columns.Select(s => IndexOf(schema.Collections[index].Columns, x => x.Name == s.Name)).ToArray());
        })];
        _arrays = [.. Selected.Arrays.Select(a => (IndexOf(schema.Arrays, x => x.Name == a.Name), a.Size))];
    }

    /// <summary>The columns that are written.</summary>
    public SampleSchema Selected { get; }

    public string ContentType => "application/grpc";

    public string FileExtension => "";

    public long? ContentLength(long count) => null;

    public void WriteHeader(IBufferWriter<byte> output)
    {
    }

    public void WriteBlock(EventBlock block, ReadOnlySpan<double> logDensity, IBufferWriter<byte> output)
    {
        if (!block.Schema.HasSameColumns(_schema) || logDensity.Length != (_logDensity ? block.Count : 0))
        {
            throw new ArgumentException("The block is not of the schema, or has not the log-densities, that the writer was made for.", nameof(block));
        }

        var row = 0;
        do
        {
            var end = LastRow(block, row);
            WriteMessage(block, row, end, logDensity, end < block.Count, output);
            row = end;
        }
        while (row < block.Count);

        _written(block.Count);
    }

    public void Finish(IBufferWriter<byte> output)
    {
    }

    /// <summary>As many rows from here on as fit into a message, at least one if there is one.</summary>
    private int LastRow(EventBlock block, int row)
    {
        var start = row;
        var bytes = 0L;
        var fixedBytes = 16 + (4L * (_scalars.Length + _collections.Length + _arrays.Sum(a => a.Size)));
        for (; row < block.Count; row++)
        {
            bytes += fixedBytes;
            foreach (var (index, columns) in _collections)
            {
                var offsets = block.Collections[index].Offsets;
                bytes += 4L * columns.Length * (offsets[row + 1] - offsets[row]);
            }

            if (bytes > MessageBytes && row > start)
            {
                break;
            }
        }

        return row;
    }

    private void WriteMessage(EventBlock block, int row, int end, ReadOnlySpan<double> logDensity, bool withNext, IBufferWriter<byte> output)
    {
        var rows = end - row;
        var collections = new int[_collections.Length];
        for (var c = 0; c < collections.Length; c++)
        {
            var offsets = block.Collections[_collections[c].Index].Offsets;
            collections[c] = Field(4 * (rows + 1)) + (_collections[c].Columns.Length * Field(4 * (offsets[end] - offsets[row])));
        }

        var columns = 1 + CodedOutputStream.ComputeInt32Size(rows)
            + Field(8 * rows) + (_scalars.Length * Field(4 * rows)) + collections.Sum(Field)
            + _arrays.Sum(a => Field(4 * a.Size * rows)) + (_logDensity ? Field(8 * rows) : 0);
        var next = withNext ? 1 + sizeof(long) : 0;

        BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(sizeof(int)), Field(columns) + next);
        output.Advance(sizeof(int));
        WriteTag(output, GenerateResponse.BlockFieldNumber, columns);
        WriteVarint(output, EventColumns.CountFieldNumber << 3);
        WriteVarint(output, rows);
        WriteColumn<long>(output, EventColumns.EventNumberFieldNumber, block.EventNumber.AsSpan(row, rows));
        foreach (var scalar in _scalars)
        {
            WriteColumn<float>(output, EventColumns.ScalarsFieldNumber, block.Scalars[scalar].AsSpan(row, rows));
        }

        for (var c = 0; c < collections.Length; c++)
        {
            var collection = block.Collections[_collections[c].Index];
            var (first, count) = (collection.Offsets[row], collection.Offsets[end] - collection.Offsets[row]);
            WriteTag(output, EventColumns.CollectionsFieldNumber, collections[c]);
            WriteOffsets(output, collection.Offsets.AsSpan(row, rows + 1), first);
            foreach (var column in _collections[c].Columns)
            {
                WriteColumn<float>(output, CollectionColumns.ColumnsFieldNumber, collection.Columns[column].AsSpan(first, count));
            }
        }

        foreach (var (index, size) in _arrays)
        {
            WriteColumn<float>(output, EventColumns.ArraysFieldNumber, block.Arrays[index].AsSpan(row * size, rows * size));
        }

        if (_logDensity)
        {
            WriteColumn(output, EventColumns.LogDensityFieldNumber, logDensity[row..end]);
        }

        if (withNext)
        {
            output.Write(Next(block.EventNumber[end - 1] + 1));
        }
    }

    /// <summary>Takes the first message off what was written.</summary>
    public static ReadOnlyMemory<byte> Take(ref ReadOnlyMemory<byte> messages)
    {
        var end = sizeof(int) + BinaryPrimitives.ReadInt32LittleEndian(messages.Span);
        var message = messages[sizeof(int)..end];
        messages = messages[end..];
        return message;
    }

    /// <summary>The field 'next' of a message.</summary>
    public static byte[] Next(long next)
    {
        const int fixed64 = 1;
        var field = new byte[1 + sizeof(long)];
        field[0] = (GenerateResponse.NextFieldNumber << 3) | fixed64;
        BinaryPrimitives.WriteInt64LittleEndian(field.AsSpan(1), next);
        return field;
    }

    /// <summary>Bytes of a field of this many bytes: its tag, which is one byte here, its length, itself.</summary>
    private static int Field(int length) => 1 + CodedOutputStream.ComputeLengthSize(length) + length;

    private static void WriteTag(IBufferWriter<byte> output, int field, int length)
    {
        const int lengthDelimited = 2;
        WriteVarint(output, (field << 3) | lengthDelimited);
        WriteVarint(output, length);
    }

    private static void WriteVarint(IBufferWriter<byte> output, int value)
    {
        var rest = (uint)value;
        var bytes = output.GetSpan(5);
        var length = 0;
        for (; rest > 0x7F; rest >>= 7)
        {
            bytes[length++] = (byte)(rest | 0x80);
        }

        bytes[length++] = (byte)rest;
        output.Advance(length);
    }

    private static void WriteColumn<T>(IBufferWriter<byte> output, int field, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(values);
        WriteTag(output, field, bytes.Length);
        output.Write(bytes);
    }

    private static void WriteOffsets(IBufferWriter<byte> output, ReadOnlySpan<int> offsets, int first)
    {
        WriteTag(output, CollectionColumns.OffsetsFieldNumber, sizeof(int) * offsets.Length);
        var bytes = output.GetSpan(sizeof(int) * offsets.Length);
        for (var k = 0; k < offsets.Length; k++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes[(sizeof(int) * k)..], offsets[k] - first);
        }

        output.Advance(sizeof(int) * offsets.Length);
    }

    private static int IndexOf<T>(IReadOnlyList<T> list, Func<T, bool> isIt)
    {
        var i = 0;
        while (!isIt(list[i]))
        {
            i++;
        }

        return i;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Writes a NumPy array file that <c>numpy.load</c> opens: one little-endian record an event with the fields event (i8),
/// scalars (f4), and for each collection its count <c>nJet</c> (i4) and columns <c>Jet_pt</c> (f4, as many as the schema's
/// maximum, 0 behind the last object), then arrays of fixed shape (f4, a sub-array); with log-densities a last field logDensity (f8, -inf
/// for a density of zero).
/// </summary>
/// <remarks>Format: numpy.lib.format, version 1.0, or 2.0 where the header exceeds 65535 bytes.</remarks>
public sealed class NpyWriter : IEventWriter
{
    public const string FormatName = "npy";

    private readonly ColumnSelection _selection;
    private readonly bool _logDensity;
    private readonly long _count;
    private readonly int _recordLength;
    private readonly WriteBuffer _buffer = new();
    private long _written;

    /// <param name="schema">Schema of the blocks; its maxima are the room in a record.</param>
    /// <param name="count">Number of events: it stands in the header. Null if a cut leaves it open, which the format cannot hold.</param>
    /// <param name="columns">Names to write, as <see cref="SampleSchema.Select"/> takes them; null for all.</param>
    /// <param name="logDensity">Whether each block comes with log-densities.</param>
    /// <exception cref="NotSupportedException">The number of events is not known beforehand.</exception>
    public NpyWriter(SampleSchema schema, long? count, IReadOnlyList<string>? columns = null, bool logDensity = false)
    {
        if (count is null)
        {
            throw new NotSupportedException(
                $"The header of '{FormatName}' needs the number of events, which is not known before the end when there is a cut. "
                    + $"Ask for '{JsonLinesWriter.FormatName}' or '{DarkMachinesWriter.FormatName}', or leave the cut to your own code.");
        }

        ArgumentOutOfRangeException.ThrowIfNegative(count.Value, nameof(count));
        _selection = new ColumnSelection(schema, columns);
        foreach (var name in _selection.Selected.Scalars.Select(x => x.Name)
            .Concat(_selection.Selected.Collections.SelectMany(c => c.Columns.Select(x => x.Name).Prepend(c.Name)))
            .Concat(_selection.Selected.Arrays.Select(a => a.Name)))
        {
            if (!name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            {
                throw new NotSupportedException(
                    $"Column name '{name}' cannot stand in the header of '{FormatName}': expected letters, digits and underscores.");
            }
        }

        _logDensity = logDensity;
        _count = count.Value;
        var length = sizeof(long) + (4L * _selection.Scalars.Length)
            + _selection.Collections.Sum(c => 4 + (4L * c.Columns.Length * c.Schema.Maximum))
            + _selection.Selected.Arrays.Sum(a => 4L * a.Size)
            + (logDensity ? sizeof(double) : 0);
        _recordLength = checked((int)length);
    }

    public string ContentType => "application/x-npy";

    public string FileExtension => ".npy";

    public long? ContentLength(long count) => checked(Header(count).Length + (count * _recordLength));

    public void WriteHeader(IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write(Header(_count));
    }

    public void WriteBlock(EventBlock block, ReadOnlySpan<double> logDensity, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _selection.Check(block, logDensity, _logDensity);
        if (block.Count > _count - _written)
        {
            throw new InvalidOperationException($"The npy header announced {_count} events, got {_written + block.Count}.");
        }

        for (var row = 0; row < block.Count; row++)
        {
            _buffer.Reserve(_recordLength, output);
            var record = _buffer.Bytes.Slice(_buffer.Length, _recordLength);
            WriteEvent(block, row, record);
            if (_logDensity)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(record[^sizeof(double)..], logDensity[row]);
            }

            _buffer.Length += _recordLength;
        }

        _written += block.Count;
        _buffer.Flush(output);
    }

    public void Finish(IBufferWriter<byte> output)
    {
        if (_written != _count)
        {
            throw new InvalidOperationException($"The npy header announced {_count} events, got {_written}.");
        }
    }

    private void WriteEvent(EventBlock block, int row, Span<byte> record)
    {
        record.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(record, block.EventNumber[row]);
        record = record[sizeof(long)..];
        foreach (var scalar in _selection.Scalars)
        {
            BinaryPrimitives.WriteSingleLittleEndian(record, block.Scalars[scalar][row]);
            record = record[sizeof(float)..];
        }

        foreach (var selected in _selection.Collections)
        {
            var collection = block.Collections[selected.Index];
            var start = collection.Offsets[row];
            var count = collection.Offsets[row + 1] - start;
            if (count > selected.Schema.Maximum)
            {
                throw new UnwritableEventException(
                    block.EventNumber[row],
                    $"n{selected.Schema.Name} is {count}, but a record of '{FormatName}' has room for {selected.Schema.Maximum}. "
                        + $"Ask for '{JsonLinesWriter.FormatName}' or '{DarkMachinesWriter.FormatName}', which have no limit.");
            }

            BinaryPrimitives.WriteInt32LittleEndian(record, count);
            record = record[sizeof(int)..];
            foreach (var column in selected.Columns)
            {
                CopyLittleEndian(collection.Columns[column].AsSpan(start, count), record);
                record = record[(sizeof(float) * selected.Schema.Maximum)..];
            }
        }

        foreach (var array in _selection.Arrays)
        {
            var values = block.ArrayOf(array, row);
            CopyLittleEndian(values, record);
            record = record[(sizeof(float) * values.Length)..];
        }
    }

    private static void CopyLittleEndian(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        if (BitConverter.IsLittleEndian)
        {
            MemoryMarshal.AsBytes(values).CopyTo(bytes);
            return;
        }

        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes[(i * sizeof(float))..], values[i]);
        }
    }

    private byte[] Header(long count)
    {
        var fields = new StringBuilder("{'descr': [('event', '<i8')");
        foreach (var scalar in _selection.Selected.Scalars)
        {
            fields.Append(CultureInfo.InvariantCulture, $", ('{scalar.Name}', '<f4')");
        }

        foreach (var (_, _, collection) in _selection.Collections)
        {
            fields.Append(CultureInfo.InvariantCulture, $", ('n{collection.Name}', '<i4')");
            foreach (var column in collection.Columns)
            {
                fields.Append(CultureInfo.InvariantCulture, $", ('{collection.Name}_{column.Name}', '<f4', ({collection.Maximum},))");
            }
        }

        foreach (var array in _selection.Selected.Arrays)
        {
            fields.Append(CultureInfo.InvariantCulture, $", ('{array.Name}', '<f4', {array.ShapeText()})");
        }

        fields.Append(_logDensity ? ", ('logDensity', '<f8')" : "");
        fields.Append(CultureInfo.InvariantCulture, $"], 'fortran_order': False, 'shape': ({count},), }}");

        // Magic, version, length of the header, header padded with blanks and a line feed to a multiple of 64 bytes.
        var version = fields.Length > ushort.MaxValue - 128 ? 2 : 1;
        var prefix = version == 1 ? 10 : 12;
        var total = (prefix + fields.Length + 1 + 63) / 64 * 64;
        fields.Append(' ', total - prefix - fields.Length - 1).Append('\n');
        var header = new byte[total];
        Encoding.Latin1.GetBytes(fields.ToString(), header.AsSpan(prefix));
        header[0] = 0x93;
        "NUMPY"u8.CopyTo(header.AsSpan(1));
        header[6] = (byte)version;
        if (version == 1)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), (ushort)fields.Length);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), (uint)fields.Length);
        }

        return header;
    }
}

using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>
/// Writes one JSON object an event and line:
/// <c>{"event":0,"weight":509.4,"MET_pt":38.7201,...,"nJet":2,"Jet_pt":[168.23,79.9181],...}</c>, GeV and radians. Numbers
/// are the shortest that read back as the same float32. An array of fixed shape is a list of lists, row-major. With log-densities each
/// object ends with <c>"logDensity"</c>, null where the density is zero, since JSON has no infinities.
/// </summary>
public sealed class JsonLinesWriter : IEventWriter
{
    public const string FormatName = "jsonl";

    private const int LongestNumber = ShortestFloat.MaximumLength + 1; // with its comma

    private readonly ColumnSelection _selection;
    private readonly bool _logDensity;
    private readonly byte[][] _scalarKeys;
    private readonly byte[][] _countKeys;
    private readonly byte[][][] _columnKeys;
    private readonly byte[][] _arrayKeys;
    private readonly int[][] _strides; // of each array: how many numbers a list holds, the outermost first
    private readonly int _fixedLength;
    private readonly WriteBuffer _buffer = new();

    /// <param name="schema">Schema of the blocks.</param>
    /// <param name="columns">Names to write, as <see cref="SampleSchema.Select"/> takes them; null for all.</param>
    /// <param name="logDensity">Whether each block comes with log-densities.</param>
    public JsonLinesWriter(SampleSchema schema, IReadOnlyList<string>? columns = null, bool logDensity = false)
    {
        _selection = new ColumnSelection(schema, columns);
        _logDensity = logDensity;
        _scalarKeys = [.. _selection.Selected.Scalars.Select(s => Key(s.Name))];
        _countKeys = [.. _selection.Selected.Collections.Select(c => Key($"n{c.Name}"))];
        _columnKeys = [.. _selection.Selected.Collections.Select(c => c.Columns.Select(x => Key($"{c.Name}_{x.Name}")).ToArray())];

        _arrayKeys = [.. _selection.Selected.Arrays.Select(a => Key(a.Name))];
        _strides = [.. _selection.Selected.Arrays.Select(a =>
            Enumerable.Range(0, a.Shape.Count).Select(d => a.Shape.Skip(d).Aggregate(1, (n, length) => n * length)).ToArray())];

        // All of an event but the numbers of its objects.
        _fixedLength = 128
            + _arrayKeys.Sum(k => k.Length)
            + _strides.Sum(s => (s[0] * LongestNumber) + s.Sum(stride => 2 * (s[0] / stride)))
            + _scalarKeys.Sum(k => k.Length + LongestNumber)
            + _countKeys.Sum(k => k.Length + LongestNumber)
            + _columnKeys.Sum(c => c.Sum(k => k.Length + 2));
    }

    public string ContentType => "application/x-ndjson";

    public string FileExtension => ".jsonl";

    public long? ContentLength(long count) => null;

    public void WriteHeader(IBufferWriter<byte> output)
    {
    }

    public void WriteBlock(EventBlock block, ReadOnlySpan<double> logDensity, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        _selection.Check(block, logDensity, _logDensity);
        for (var row = 0; row < block.Count; row++)
        {
            WriteEvent(block, row, output);
            if (_logDensity)
            {
                PutLogDensity(logDensity[row]);
            }

            "}\n"u8.CopyTo(_buffer.Bytes[_buffer.Length..]);
            _buffer.Length += 2;
        }

        _buffer.Flush(output);
    }

    public void Finish(IBufferWriter<byte> output)
    {
    }

    private void WriteEvent(EventBlock block, int row, IBufferWriter<byte> output)
    {
        var numbers = 0;
        foreach (var collection in _selection.Collections)
        {
            var offsets = block.Collections[collection.Index].Offsets;
            numbers += (offsets[row + 1] - offsets[row]) * collection.Columns.Length;
        }

        _buffer.Reserve(_fixedLength + (numbers * LongestNumber), output);
        var line = _buffer.Bytes;
        var at = _buffer.Length;
        var number = block.EventNumber[row];
        Put(line, ref at, "{\"event\":"u8);
        Put(line, ref at, number);
        for (var s = 0; s < _scalarKeys.Length; s++)
        {
            Put(line, ref at, _scalarKeys[s]);
            Put(line, ref at, block.Scalars[_selection.Scalars[s]][row], number, _selection.Selected.Scalars[s].Name);
        }

        for (var c = 0; c < _countKeys.Length; c++)
        {
            var collection = block.Collections[_selection.Collections[c].Index];
            var start = collection.Offsets[row];
            var end = collection.Offsets[row + 1];
            Put(line, ref at, _countKeys[c]);
            Put(line, ref at, end - start);
            for (var x = 0; x < _columnKeys[c].Length; x++)
            {
                Put(line, ref at, _columnKeys[c][x]);
                line[at++] = (byte)'[';
                foreach (var value in collection.Columns[_selection.Collections[c].Columns[x]].AsSpan(start, end - start))
                {
                    Put(line, ref at, value, number, _selection.Collections[c].Schema.Name);
                    line[at++] = (byte)',';
                }

                at -= end > start ? 1 : 0; // the last comma
                line[at++] = (byte)']';
            }
        }

        for (var a = 0; a < _arrayKeys.Length; a++)
        {
            Put(line, ref at, _arrayKeys[a]);
            Put(line, ref at, block.ArrayOf(_selection.Arrays[a], row), _strides[a], number, _selection.Selected.Arrays[a].Name);
        }

        _buffer.Length = at;
    }

    private static void Put(Span<byte> line, ref int at, ReadOnlySpan<float> values, int[] strides, long eventNumber, string column)
    {
        for (var i = 0; i < values.Length; i++)
        {
            foreach (var stride in strides)
            {
                if (i % stride == 0)
                {
                    line[at++] = (byte)'[';
                }
            }

            Put(line, ref at, values[i], eventNumber, column);
            foreach (var stride in strides)
            {
                if ((i + 1) % stride == 0)
                {
                    line[at++] = (byte)']';
                }
            }

            line[at++] = (byte)',';
        }

        at--; // the last comma
    }

    private void PutLogDensity(double value)
    {
        var line = _buffer.Bytes;
        var at = _buffer.Length;
        Put(line, ref at, ",\"logDensity\":"u8);
        if (double.IsFinite(value))
        {
            value.TryFormat(line[at..], out var length, default, null);
            at += length;
        }
        else
        {
            Put(line, ref at, "null"u8);
        }

        _buffer.Length = at;
    }

    private static void Put(Span<byte> line, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(line[at..]);
        at += text.Length;
    }

    private static void Put(Span<byte> line, ref int at, long value)
    {
        Utf8Formatter.TryFormat(value, line[at..], out var length);
        at += length;
    }

    private static void Put(Span<byte> line, ref int at, float x, long eventNumber, string column)
    {
        if (!float.IsFinite(x))
        {
            throw new UnwritableEventException(eventNumber, $"{column} is {x}, JSON holds finite numbers only.");
        }

        at += ShortestFloat.Write(x, 0, line[at..]);
    }

    private static byte[] Key(string name) => [.. ",\""u8, .. JsonEncodedText.Encode(name).EncodedUtf8Bytes, .. "\":"u8];
}

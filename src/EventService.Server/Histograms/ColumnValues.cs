using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Server.Histograms;

/// <summary>
/// The numbers of one column: a scalar, a count such as nJet, Jet_pt of all jets, or Jet_pt[0] of the first, all numbers of an array, or
/// one by its place.
/// </summary>
internal sealed partial class ColumnValues
{
    private readonly int _collection = -1;
    private readonly int _array = -1;
    private readonly int _column = -1;
    private readonly int? _index;

    /// <exception cref="RequestException">There is no such column; the message lists those there are.</exception>
    public ColumnValues(SampleSchema schema, string name)
    {
        Name = name;
        var match = Pattern().Match(name);
        var plain = match.Groups["name"].Value;
        _index = match.Groups["index"].Success ? int.Parse(match.Groups["index"].Value, CultureInfo.InvariantCulture) : null;
        for (var s = 0; s < schema.Scalars.Count; s++)
        {
            if (schema.Scalars[s].Name == plain && _index is null)
            {
                (_column, Unit, Description) = (s, schema.Scalars[s].Unit, schema.Scalars[s].Description);
                return;
            }
        }

        for (var c = 0; c < schema.Collections.Count; c++)
        {
            var collection = schema.Collections[c];
            if (plain == $"n{collection.Name}" && _index is null)
            {
                (_collection, IsCount, Unit, Description) = (c, true, "1", $"Number of {collection.Name} objects");
                return;
            }

            for (var x = 0; x < collection.Columns.Count; x++)
            {
                if (plain == $"{collection.Name}_{collection.Columns[x].Name}")
                {
                    (_collection, _column, Unit, Description) = (c, x, collection.Columns[x].Unit, collection.Columns[x].Description);
                    return;
                }
            }
        }

        for (var a = 0; a < schema.Arrays.Count; a++)
        {
            if (schema.Arrays[a].Name == plain && !(_index >= schema.Arrays[a].Size))
            {
                (_array, Unit, Description) = (a, schema.Arrays[a].Unit, schema.Arrays[a].Description);
                return;
            }
        }

        throw new RequestException(RequestFault.BadValue, $"Column '{name}' not found, expected one of {string.Join(", ", Names(schema))}; of a collection's column also one object's, such as Jet_pt[0].");
    }

    public string Name { get; }

    public string Unit { get; } = "";

    public string Description { get; } = "";

    /// <summary>Whether the numbers are whole.</summary>
    public bool IsCount { get; }

    /// <summary>A writer of the values as float32, little-endian, so that the pipeline of events carries them.</summary>
    public IEventWriter CreateWriter() => new Writer(this);

    public static ReadOnlySpan<float> Read(ReadOnlySpan<byte> bytes, ref float[] buffer)
    {
        if (buffer.Length < bytes.Length / sizeof(float))
        {
            buffer = new float[bytes.Length / sizeof(float)];
        }

        for (var k = 0; k < bytes.Length / sizeof(float); k++)
        {
            buffer[k] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(k * sizeof(float))..]);
        }

        return buffer.AsSpan(0, bytes.Length / sizeof(float));
    }

    private static IEnumerable<string> Names(SampleSchema schema) => schema.Scalars.Select(s => s.Name)
        .Concat(schema.Collections.SelectMany(c => c.Columns.Select(x => $"{c.Name}_{x.Name}").Prepend($"n{c.Name}")))
        .Concat(schema.Arrays.Select(a => a.Name));

    private void Write(EventBlock block, int row, IBufferWriter<byte> output)
    {
        if (_array >= 0)
        {
            foreach (var value in _index is { } place ? block.ArrayOf(_array, row).Slice(place, 1) : block.ArrayOf(_array, row))
            {
                Write(value, output);
            }

            return;
        }

        if (_collection < 0)
        {
            Write(block.Scalars[_column][row], output);
            return;
        }

        var collection = block.Collections[_collection];
        var (start, end) = (collection.Offsets[row], collection.Offsets[row + 1]);
        if (IsCount)
        {
            Write(end - start, output);
            return;
        }

        if (_index is { } index)
        {
            (start, end) = (start + index, Math.Min(end, start + index + 1));
        }

        for (var k = start; k < end; k++)
        {
            Write(collection.Columns[_column][k], output);
        }
    }

    private static void Write(float value, IBufferWriter<byte> output)
    {
        BinaryPrimitives.WriteSingleLittleEndian(output.GetSpan(sizeof(float)), value);
        output.Advance(sizeof(float));
    }

    [GeneratedRegex(@"^(?<name>[^\[\]]*)(\[(?<index>\d{1,6})\])?$")]
    private static partial Regex Pattern();

    private sealed class Writer(ColumnValues values) : IEventWriter
    {
        public string ContentType => "application/octet-stream";

        public string FileExtension => "";

        public long? ContentLength(long count) => null;

        public void WriteHeader(IBufferWriter<byte> output)
        {
        }

        public void WriteBlock(EventBlock block, ReadOnlySpan<double> logDensity, IBufferWriter<byte> output)
        {
            for (var row = 0; row < block.Count; row++)
            {
                values.Write(block, row, output);
            }
        }

        public void Finish(IBufferWriter<byte> output)
        {
        }
    }
}

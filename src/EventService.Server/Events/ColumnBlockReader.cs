using System.Runtime.InteropServices;

using EventService.Contracts.V1;
using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;

using Google.Protobuf;

namespace EventService.Server.Events;

/// <summary>Blocks of columns that a client sends.</summary>
/// <param name="schema">Their columns.</param>
internal sealed class ColumnBlockReader(SampleSchema schema)
{
    /// <summary>The block read last; its memory is used again.</summary>
    public EventBlock Block { get; } = new(schema);

    /// <summary>Takes the columns over. Every length is checked against the bytes that are there before any memory is.</summary>
    /// <exception cref="RequestException">The columns are not those of the schema, or not as long as they must be.</exception>
    public void Read(EventColumns message, string name)
    {
        var count = message.Count;
        if (count < 0)
        {
            throw Fault(name, $"count is {count}, expected 0 or more");
        }

        if (message.Scalars.Count != schema.Scalars.Count || message.Collections.Count != schema.Collections.Count)
        {
            throw Fault(name, $"there are {message.Scalars.Count} scalar columns and {message.Collections.Count} collections, expected {schema.Scalars.Count} and {schema.Collections.Count}: {schema.Describe()}");
        }

        if (message.Arrays.Count != schema.Arrays.Count)
        {
            throw Fault(name, $"there are {message.Arrays.Count} arrays, expected {schema.Arrays.Count}: {schema.Describe()}");
        }

        Require(message.EventNumber, sizeof(long), count, name, "event_number");
        for (var s = 0; s < schema.Scalars.Count; s++)
        {
            Require(message.Scalars[s], sizeof(float), count, name, schema.Scalars[s].Name);
        }

        for (var a = 0; a < schema.Arrays.Count; a++)
        {
            Require(message.Arrays[a], sizeof(float), (long)count * schema.Arrays[a].Size, name, schema.Arrays[a].Name);
        }

        Block.Resize(count);
        message.EventNumber.Span.CopyTo(MemoryMarshal.AsBytes(Block.EventNumber.AsSpan(0, count)));
        for (var s = 0; s < schema.Scalars.Count; s++)
        {
            message.Scalars[s].Span.CopyTo(MemoryMarshal.AsBytes(Block.Scalars[s].AsSpan(0, count)));
        }

        for (var a = 0; a < schema.Arrays.Count; a++)
        {
            message.Arrays[a].Span.CopyTo(MemoryMarshal.AsBytes(Block.Arrays[a].AsSpan()));
        }

        for (var c = 0; c < schema.Collections.Count; c++)
        {
            Read(message.Collections[c], Block.Collections[c], count, name);
        }
    }

    private static void Read(CollectionColumns message, CollectionBlock collection, int count, string name)
    {
        var own = collection.Schema;
        if (message.Columns.Count != own.Columns.Count)
        {
            throw Fault(name, $"{own.Name} has {message.Columns.Count} columns, expected {own.Columns.Count}: {string.Join(", ", own.Columns.Select(c => c.Name))}");
        }

        Require(message.Offsets, sizeof(int), count + 1L, name, $"offsets of {own.Name}");
        var offsets = MemoryMarshal.Cast<byte, int>(message.Offsets.Span);
        for (var k = 0; k <= count; k++)
        {
            if (offsets[k] < (k == 0 ? 0 : offsets[k - 1]) || (k == 0 && offsets[0] != 0))
            {
                throw Fault(name, $"offsets[{k}] of {own.Name} is {offsets[k]}, expected {(k == 0 ? "0" : $"at least the one before, {offsets[k - 1]}")}");
            }
        }

        for (var x = 0; x < own.Columns.Count; x++)
        {
            Require(message.Columns[x], sizeof(float), offsets[count], name, $"{own.Name}_{own.Columns[x].Name}");
        }

        collection.EnsureCapacity(count, offsets[count]);
        offsets[..(count + 1)].CopyTo(collection.Offsets);
        for (var x = 0; x < own.Columns.Count; x++)
        {
            message.Columns[x].Span.CopyTo(MemoryMarshal.AsBytes(collection.Columns[x].AsSpan(0, offsets[count])));
        }
    }

    private static void Require(ByteString bytes, int size, long count, string name, string column)
    {
        if (bytes.Length != size * count)
        {
            throw Fault(name, $"{column} has {bytes.Length} bytes, expected {size * count}: {count} numbers of {size}");
        }
    }

    private static RequestException Fault(string name, string fault) => new(RequestFault.BadValue, $"{name}: {fault}.");
}

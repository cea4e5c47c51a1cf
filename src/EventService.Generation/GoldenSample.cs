using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using EventService.Physics.Events;

namespace EventService.Generation;

/// <summary>A few events of a model by which its arithmetic is known again: on another machine, after an update, or with damaged memory.</summary>
public static class GoldenSample
{
    /// <summary>Events of the sample: two full tiles of most models, and an odd rest.</summary>
    private const int Events = 133;

    private const ulong Seed = 0x4576656E74536572;

    /// <summary>
    /// sha256 of events 0 .. 132 of a fixed seed, at the middle of the model's conditions: event numbers, columns and log-densities, little-endian.
    /// The events are generated twice, in one piece and in many, and must be the same.
    /// </summary>
    /// <returns>Lower-case hexadecimal.</returns>
    /// <exception cref="ModelFormatException">The model gives numbers that are not finite, or other events in other pieces.</exception>
    public static string Digest(EventGenerator generator)
    {
        ArgumentNullException.ThrowIfNull(generator);
        var stream = new EventStream(Seed, [.. generator.Document.Conditions.Select(c => (c.Minimum + c.Maximum) / 2)]);
        var whole = Digest(generator, [new EventRange(stream, 0, Events)]);
        var pieces = Digest(generator, [new EventRange(stream, 0, 1), new EventRange(stream, 1, 63), new EventRange(stream, 64, Events - 64)]);
        return whole == pieces
            ? whole
            : throw new ModelFormatException($"Model '{generator.Document.Name}' gives other events in one piece than in several, on this machine. It is not served; test the machine's memory and processor.");
    }

    private static string Digest(EventGenerator generator, ReadOnlySpan<EventRange> ranges)
    {
        var block = new EventBlock(generator.Model.Schema);
        var logDensity = new double[generator.Likelihood is null ? 0 : Events];
        generator.Model.Generate(ranges, block, logDensity);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var number in block.EventNumber.AsSpan(0, Events))
        {
            Append(hash, number);
        }

        foreach (var (column, scalar) in block.Scalars.Zip(block.Schema.Scalars))
        {
            Append(hash, column.AsSpan(0, Events), scalar.Name, generator);
        }

        foreach (var collection in block.Collections)
        {
            foreach (var offset in collection.Offsets.AsSpan(0, Events + 1))
            {
                Append(hash, offset);
            }

            foreach (var (column, schema) in collection.Columns.Zip(collection.Schema.Columns))
            {
                Append(hash, column.AsSpan(0, collection.Offsets[Events]), $"{collection.Schema.Name}_{schema.Name}", generator);
            }
        }

        foreach (var value in logDensity)
        {
            Append(hash, BitConverter.DoubleToInt64Bits(value));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        hash.AppendData(bytes);
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<float> column, string name, EventGenerator generator)
    {
        foreach (var value in column)
        {
            if (!float.IsFinite(value))
            {
                throw new ModelFormatException($"Model '{generator.Document.Name}' gives {name} = {value}, expected finite numbers. It is not served; train it again, or test the machine.");
            }
        }

        // As they lie in memory: every machine that the kernels have a vector path for is little-endian.
        hash.AppendData(MemoryMarshal.AsBytes(column));
    }
}

using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models;

/// <summary>
/// A few events of a model by which its arithmetic is known again: on another machine, after an update, or with damaged memory.
/// </summary>
public static class GoldenSample
{
    /// <summary>Events of the sample: two full tiles of most models, and an odd rest.</summary>
    private const int Events = 133;

    private const ulong Seed = 0x4576656E74536572;

    // Drawn by several threads.
    private static readonly int[] s_pieces = [1, 32, 32, 32, 36];

    /// <summary>
    /// sha256 of events 0 .. 132 of a fixed seed, at the middle of the model's conditions: event numbers, columns and log-densities,
    /// little-endian. The events are generated in one piece, as several ranges together, and in pieces apart, and must be the same; so must
    /// the log-densities of a few of them. These can take seconds: the pieces are shared out to the processors.
    /// </summary>
    /// <returns>Lower-case hexadecimal.</returns>
    /// <exception cref="ModelFormatException">The model gives numbers that are not finite, or other events in other pieces.</exception>
    public static string Digest(EventGenerator generator)
    {
        ArgumentNullException.ThrowIfNull(generator);
        var stream = new EventStream(Seed, [.. generator.Document.Conditions.Select(c => (c.Minimum + c.Maximum) / 2)]);
        var logDensity = new double[generator.Likelihood is null ? 0 : Events];
        var parts = InParts(generator, stream, logDensity);
        var whole = Generate(generator, [new EventRange(stream, 0, Events)], []);
        var together = Generate(generator, [new EventRange(stream, 0, 1), new EventRange(stream, 1, 63), new EventRange(stream, 64, Events - 64)], []);
        var same = Digest(generator, whole, []) == Digest(generator, together, []) && SameDensities(generator, stream, logDensity);
        var (part, first) = (new EventBlock(generator.Model.Schema), 0);
        for (var p = 0; p < parts.Length && same; first += s_pieces[p++])
        {
            part.CopyFrom(whole, first, s_pieces[p]);
            same = Digest(generator, part, []) == Digest(generator, parts[p], []);
        }

        return same
            ? Digest(generator, whole, logDensity)
            : throw new ModelFormatException($"Model '{generator.Document.Name}' gives other events in one piece than in several, on this machine. It is not served; test the machine's memory and processor.");
    }

    private static EventBlock[] InParts(EventGenerator generator, EventStream stream, double[] logDensity)
    {
        var parts = new EventBlock[s_pieces.Length];
        try
        {
            Parallel.For(0, parts.Length, p =>
            {
                var (first, count) = (s_pieces[..p].Sum(), s_pieces[p]);
                parts[p] = Generate(generator, [new EventRange(stream, first, count)], logDensity.Length == 0 ? [] : logDensity.AsSpan(first, count));
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }

        return parts;
    }

    /// <summary>Whether events from both sides of a border of the parts have the same log-densities as ranges of their own.</summary>
    private static bool SameDensities(EventGenerator generator, EventStream stream, double[] logDensity)
    {
        if (logDensity.Length == 0)
        {
            return true;
        }

        var (first, again) = (s_pieces[..3].Sum() - 2, new double[4]);
        Generate(generator, [new EventRange(stream, first, 1), new EventRange(stream, first + 1, again.Length - 1)], again);
        return MemoryMarshal.AsBytes<double>(again).SequenceEqual(MemoryMarshal.AsBytes(logDensity.AsSpan(first, again.Length)));
    }

    private static EventBlock Generate(EventGenerator generator, ReadOnlySpan<EventRange> ranges, Span<double> logDensity)
    {
        var block = new EventBlock(generator.Model.Schema);
        generator.Model.Generate(ranges, block, logDensity);
        return block;
    }

    private static string Digest(EventGenerator generator, EventBlock block, ReadOnlySpan<double> logDensity)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var number in block.EventNumber.AsSpan(0, block.Count))
        {
            Append(hash, number);
        }

        foreach (var (column, scalar) in block.Scalars.Zip(block.Schema.Scalars))
        {
            Append(hash, column.AsSpan(0, block.Count), scalar.Name, generator);
        }

        foreach (var collection in block.Collections)
        {
            foreach (var offset in collection.Offsets.AsSpan(0, block.Count + 1))
            {
                Append(hash, offset);
            }

            foreach (var (column, schema) in collection.Columns.Zip(collection.Schema.Columns))
            {
                Append(hash, column.AsSpan(0, collection.Offsets[block.Count]), $"{collection.Schema.Name}_{schema.Name}", generator);
            }
        }

        for (var a = 0; a < block.Arrays.Length; a++)
        {
            var schema = block.Schema.Arrays[a];
            Append(hash, block.Arrays[a].AsSpan(0, block.Count * schema.Size), schema.Name, generator);
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

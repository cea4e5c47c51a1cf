using System.Buffers;

using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests;

/// <summary>Blocks of whole events for the tests of formats.</summary>
internal static class TestBlocks
{
    public static SampleSchema Schema { get; } = DarkMachinesSchema.Create(new ObjectMaxima(6, 4, 3, 3, 2));

    /// <summary>
    /// Seeded events whose numbers use all 24 bits of a float32; some events are empty. Columns are in the order that a sample has.
    /// </summary>
    public static EventBlock Random(int count, ulong seed, SampleSchema? schema = null)
    {
        var random = new SplitMix64(seed);
        var block = new EventBlock(schema ?? Schema);
        block.Resize(count);
        for (var row = 0; row < count; row++)
        {
            block.EventNumber[row] = (long)(random.Next() >> random.Below(64)) * (row % 5 == 4 ? -1 : 1);
            block.Scalars[0][row] = (float)(1000 * random.Uniform() * (row % 7 == 3 ? -1 : 1));
            block.Scalars[1][row] = row % 11 == 5 ? 0 : Gev(random);
            block.Scalars[2][row] = Phi(random);
        }

        foreach (var collection in block.Collections)
        {
            var total = 0;
            for (var row = 0; row < count; row++)
            {
                collection.Offsets[row] = total;
                var objects = random.Below(collection.Schema.Maximum + 1);
                collection.EnsureCapacity(count, total + objects);
                // Falling pT overall falls for each charge too.
                var pt = Enumerable.Range(0, objects).Select(_ => Gev(random)).OrderDescending().ToArray();
                var negative = random.Below(objects + 1);
                for (var i = 0; i < objects; i++)
                {
                    var at = total + i;
                    collection.Columns[0][at] = pt[i];
                    collection.Columns[1][at] = (float)((random.Uniform() - 0.5) * 5.6);
                    collection.Columns[2][at] = Phi(random);
                    collection.Columns[3][at] = pt[i] * (float)(1 + random.Uniform());
                    switch (collection.Schema.Columns[^1].Name)
                    {
                        case "charge":
                            collection.Columns[4][at] = i < negative ? -1 : 1;
                            break;
                        case "mass": // from 0.3 to 30 % of pT
                            var mass = (float)(pt[i] * 0.003 * Math.Exp(4.6 * random.Uniform()));
                            collection.Columns[4][at] = mass;
                            collection.Columns[3][at] =
                                (float)Math.Sqrt(Math.Pow((double)pt[i] * Math.Cosh(collection.Columns[1][at]), 2) + ((double)mass * mass));
                            break;
                    }
                }

                total += objects;
            }

            collection.Offsets[count] = total;
        }

        return block;
    }

    public static byte[] Write(IEventWriter writer, params EventBlock[] blocks)
    {
        var output = new ArrayBufferWriter<byte>();
        writer.WriteHeader(output);
        foreach (var block in blocks)
        {
            writer.WriteBlock(block, [], output);
        }

        writer.Finish(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads all events with the format's reader and rounds them to float32.</summary>
    public static EventBlock Read(EventReader reader, SampleSchema? schema = null)
    {
        using (reader)
        {
            var sample = new EventSample();
            while (reader.Read(sample, 13))
            {
            }

            var block = new EventBlock(schema ?? Schema);
            DarkMachinesSchema.ToBlock(sample, 0, sample.Count, block);
            return block;
        }
    }

    /// <summary>
    /// Every number of both blocks has the same bits; what was written as dm-csv may have other masses for jets of E > 200 m,
    /// their squares right to 1e-12 E^2.
    /// </summary>
    public static void AssertSameBits(EventBlock expected, EventBlock actual, string format = "")
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.Equal(expected.EventNumber.AsSpan(0, expected.Count), actual.EventNumber.AsSpan(0, expected.Count));
        for (var s = 0; s < expected.Scalars.Length; s++)
        {
            Assert.Equal(Bits(expected.Scalars[s], expected.Count), Bits(actual.Scalars[s], expected.Count));
        }

        for (var c = 0; c < expected.Collections.Length; c++)
        {
            var (a, b) = (expected.Collections[c], actual.Collections[c]);
            Assert.Equal(a.Offsets.AsSpan(0, expected.Count + 1), b.Offsets.AsSpan(0, expected.Count + 1));
            for (var x = 0; x < a.Columns.Length; x++)
            {
                if (format == "dm-csv" && a.Schema.Columns[x].Name == "mass")
                {
                    AssertSameMasses(a, b, expected.Count);
                    continue;
                }

                Assert.Equal(Bits(a.Columns[x], a.Offsets[expected.Count]), Bits(b.Columns[x], a.Offsets[expected.Count]));
            }
        }
    }

    private static void AssertSameMasses(CollectionBlock expected, CollectionBlock actual, int rows)
    {
        for (var i = 0; i < expected.Offsets[rows]; i++)
        {
            double energy = expected.Columns[3][i], mass = expected.Columns[4][i], read = actual.Columns[4][i];
            Assert.True(
                energy <= 200 * mass
                    ? read == mass
                    : Math.Abs((read * read) - (mass * mass)) <= (1.01e-12 * energy * energy) + (1.2e-7 * mass * mass),
                $"E {energy:R}: mass {mass:R} became {read:R}");
        }
    }

    private static uint[] Bits(float[] values, int count) => [.. values.Take(count).Select(BitConverter.SingleToUInt32Bits)];

    private static float Gev(SplitMix64 random) => (float)(15 * Math.Exp(4 * random.Uniform()));

    private static float Phi(SplitMix64 random) => (float)((2 * random.Uniform() - 1) * Math.PI);
}

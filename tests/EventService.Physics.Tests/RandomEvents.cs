using EventService.Physics.Events;

namespace EventService.Physics.Tests;

/// <summary>Schemas and blocks of events in columns: made-up jets and showers, and any others.</summary>
internal static class RandomEvents
{
    public static SampleSchema Jets { get; } = new(
        [new("pt", "GeV", ""), new("eta", "1", ""), new("mass", "GeV", "")],
        [new("Constituent", 9, [new("etarel", "1", ""), new("phirel", "rad", ""), new("ptrel", "1", "")])]);

    public static SampleSchema Showers { get; } = new([new("incident_energy", "GeV", "")], [])
    {
        Arrays = [new("voxels", "MeV", "", [3, 4, 5]), new("layers", "MeV", "", [3])],
    };

    /// <summary>Any number of scalars, collections (some without columns) and arrays, at least one of them.</summary>
    public static SampleSchema Schema(SplitMix64 random)
    {
        ColumnSchema[] Columns(string name, int count) =>
            [.. Enumerable.Range(0, count).Select(c => new ColumnSchema($"{name}{c}", "1", ""))];
        return new SampleSchema(
            Columns("s", 1 + random.Below(4)),
            [.. Enumerable.Range(0, random.Below(3))
                .Select(c => new CollectionSchema($"C{c}", 1 + random.Below(6), Columns("x", random.Below(4))))])
        {
            Arrays = [.. Enumerable.Range(0, random.Below(3)).Select(a =>
                new ArraySchema($"a{a}", "1", "", [.. Enumerable.Range(0, 1 + random.Below(4)).Select(_ => 1 + random.Below(4))]))],
        };
    }

    /// <summary>
    /// Seeded numbers that use all 24 bits of a float32, of either sign and of many orders of magnitude; some events have no objects.
    /// </summary>
    public static EventBlock Block(SampleSchema schema, int count, SplitMix64 random)
    {
        float Number() => (float)((random.Uniform() - 0.5) * Math.Pow(10, random.Below(12) - 6));
        var block = new EventBlock(schema);
        block.Resize(count);
        for (var k = 0; k < count; k++)
        {
            block.EventNumber[k] = (long)(random.Next() >> 2) * (k % 3 == 2 ? -1 : 1);
            foreach (var column in block.Scalars)
            {
                column[k] = Number();
            }

            for (var a = 0; a < block.Arrays.Length; a++)
            {
                foreach (ref var value in block.ArrayOf(a, k))
                {
                    value = random.Below(3) == 0 ? 0 : Number();
                }
            }
        }

        foreach (var collection in block.Collections)
        {
            for (var k = 0; k < count; k++)
            {
                var end = collection.Offsets[k] + random.Below(collection.Schema.Maximum + 1);
                collection.EnsureCapacity(count, end);
                for (var i = collection.Offsets[k]; i < end; i++)
                {
                    foreach (var column in collection.Columns)
                    {
                        column[i] = Number();
                    }
                }

                collection.Offsets[k + 1] = end;
            }
        }

        return block;
    }

    /// <summary>Every number of both blocks has the same bits.</summary>
    public static void AssertSameBits(EventBlock expected, EventBlock actual)
    {
        var count = expected.Count;
        Assert.Equal(count, actual.Count);
        Assert.Equal(expected.EventNumber.AsSpan(0, count), actual.EventNumber.AsSpan(0, count));
        for (var s = 0; s < expected.Scalars.Length; s++)
        {
            Assert.Equal(Bits(expected.Scalars[s], count), Bits(actual.Scalars[s], count));
        }

        for (var c = 0; c < expected.Collections.Length; c++)
        {
            var (a, b) = (expected.Collections[c], actual.Collections[c]);
            Assert.Equal(a.Offsets.AsSpan(0, count + 1), b.Offsets.AsSpan(0, count + 1));
            for (var x = 0; x < a.Columns.Length; x++)
            {
                Assert.Equal(Bits(a.Columns[x], a.Offsets[count]), Bits(b.Columns[x], a.Offsets[count]));
            }
        }

        for (var a = 0; a < expected.Arrays.Length; a++)
        {
            var length = count * expected.Schema.Arrays[a].Size;
            Assert.Equal(Bits(expected.Arrays[a], length), Bits(actual.Arrays[a], length));
        }
    }

    private static int[] Bits(float[] values, int count) => [.. values.Take(count).Select(BitConverter.SingleToInt32Bits)];
}

using System.Text.Json;

using EventService.Physics.Events;

namespace EventService.Physics.Tests.Events;

/// <summary>Blocks and samples of any schema.</summary>
public sealed class ColumnEventsTests
{
    [Fact]
    public void BlockToSampleAndBack_AnySchema_IsTheSame()
    {
        for (var seed = 0UL; seed < 60; seed++)
        {
            var random = new SplitMix64(seed);
            var schema = RandomEvents.Schema(random);
            var block = RandomEvents.Block(schema, 1 + random.Below(40), random);
            var sample = EventSample.For(schema);
            ColumnEvents.ToSample(block, sample);
            var back = new EventBlock(schema);
            ColumnEvents.ToBlock(sample, 0, sample.Count, back);
            RandomEvents.AssertSameBits(block, back);

            // A part of it, from a sample that was copied, cleared and filled again.
            var copy = EventSubset.At(sample, Enumerable.Range(0, sample.Count).Reverse());
            copy.Clear();
            for (var k = 0; k < sample.Count; k++)
            {
                copy.AddFrom(sample, k);
            }

            var first = random.Below(block.Count);
            var part = new EventBlock(schema);
            part.CopyFrom(block, first, block.Count - first);
            ColumnEvents.ToBlock(copy, first, block.Count - first, back);
            RandomEvents.AssertSameBits(part, back);
        }
    }

    [Fact]
    public void Cut_Applied_KeepsTheRowsThatPassWithAllTheirNumbers()
    {
        for (var seed = 0UL; seed < 30; seed++)
        {
            var random = new SplitMix64(seed);
            var schema = RandomEvents.Schema(random);
            var block = RandomEvents.Block(schema, 50, random);
            var expected = EventSample.For(schema);
            var sample = EventSample.For(schema);
            ColumnEvents.ToSample(block, sample);
            for (var k = 0; k < sample.Count; k++)
            {
                if (sample.Row(k)[0] > 0)
                {
                    expected.AddFrom(sample, k);
                }
            }

            var kept = EventCut.Parse("s0>0", schema).Apply(block, []);
            var whole = new EventBlock(schema);
            ColumnEvents.ToBlock(expected, 0, expected.Count, whole);
            Assert.Equal(expected.Count, kept);
            RandomEvents.AssertSameBits(whole, block);
        }
    }

    [Fact]
    public void Cut_NumberOfAnArray_IsThatAtItsPlaceInRowMajorOrder()
    {
        var block = new EventBlock(RandomEvents.Showers);
        block.Resize(2);
        block.ArrayOf(0, 1)[(2 * 20) + (3 * 5) + 4] = 7; // voxels[2][3][4] of the second event
        Assert.Equal(1, EventCut.Parse("voxels[59]>6", RandomEvents.Showers).Apply(block, []));
        Assert.Equal(7, block.ArrayOf(0, 0)[59]);
        foreach (var faulty in new[] { "voxels[60]>6", "voxels>6" })
        {
            var e = Assert.Throws<ArgumentException>(() => EventCut.Parse(faulty, RandomEvents.Showers));
            Assert.Contains("from voxels[0] to voxels[59]", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AddFrom_SampleOfAnotherLayout_SaysWhatBothHave()
    {
        var jets = EventSample.For(RandomEvents.Jets);
        ColumnEvents.ToSample(RandomEvents.Block(RandomEvents.Jets, 1, new SplitMix64(1)), jets);
        var e = Assert.Throws<ArgumentException>(() => EventSample.For(RandomEvents.Showers).AddFrom(jets, 0));
        Assert.Contains(
            "The events have 3 scalars, collections of [3] columns and arrays of [] numbers, "
            + "expected 1 scalars, collections of [] columns and arrays of [60, 3] numbers.",
            e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddFrom_LongerRows_LeavesOutWhatStandsBehind()
    {
        var (longer, shorter) = (new EventSample(3), new EventSample(2));
        longer.AddRow(5, [1, 2, 3]);
        shorter.AddFrom(longer, 0);
        Assert.Equal([1, 2], shorter.Row(0).ToArray());
        Assert.Throws<ArgumentException>(() => longer.AddFrom(shorter, 0));
    }

    [Fact]
    public void DetectorView_OfATable_SaysThatThereAreNoObjects()
    {
        var table = new EventSample(2);
        Assert.False(table.HasDetectorEvents);
        var e = Assert.Throws<InvalidOperationException>(() => table.Pt.Length);
        Assert.Contains("no whole collision events", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SchemaJson_WithoutArrays_HasNoSuchField()
    {
        // Documents of earlier versions are digested as they are, byte for byte.
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
        };
        var json = JsonSerializer.Serialize(new SampleSchema([new("m", "GeV", "Mass")], []), options);
        Assert.Equal("{\"scalars\":[{\"name\":\"m\",\"unit\":\"GeV\",\"description\":\"Mass\"}],\"collections\":[]}", json);
        Assert.Empty(JsonSerializer.Deserialize<SampleSchema>(json, options)!.Arrays);

        var showers = JsonSerializer.Serialize(RandomEvents.Showers, options);
        Assert.EndsWith(
            "\"collections\":[],\"arrays\":[{\"name\":\"voxels\",\"unit\":\"MeV\",\"description\":\"\",\"shape\":[3,4,5]},"
            + "{\"name\":\"layers\",\"unit\":\"MeV\",\"description\":\"\",\"shape\":[3]}]}",
            showers, StringComparison.Ordinal);
        Assert.True(RandomEvents.Showers.HasSameColumns(JsonSerializer.Deserialize<SampleSchema>(showers, options)!));
    }

    [Fact]
    public void Schema_SelectAndCompare_TakeArraysByNameAndShape()
    {
        Assert.Equal("voxels", Assert.Single(RandomEvents.Showers.Select(["voxels"]).Arrays).Name);
        Assert.Empty(RandomEvents.Showers.Select(["voxels"]).Scalars);
        var turned = RandomEvents.Showers with { Arrays = [new("voxels", "MeV", "", [4, 3, 5]), new("layers", "MeV", "", [3])] };
        Assert.False(RandomEvents.Showers.HasSameColumns(turned));
        var e = Assert.Throws<ArgumentException>(() => RandomEvents.Showers.Select(["cells"]));
        Assert.Contains("incident_energy, voxels, layers", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new int[0], "()")]
    [InlineData(new[] { 3, 0 }, "(3, 0)")]
    [InlineData(new[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "(1, 1, 1, 1, 1, 1, 1, 1, 1)")]
    [InlineData(new[] { 1 << 30, 1 << 30, 1 << 30 }, "has more than 262144 numbers")]
    public void ArrayShape_ThatNoRecordHolds_IsAFault(int[] shape, string part)
    {
        Assert.Contains(part, new ArraySchema("voxels", "MeV", "", shape).Fault(), StringComparison.Ordinal);
        Assert.Null(new ArraySchema("voxels", "MeV", "", [45, 50, 18]).Fault());
    }
}

using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;
using EventService.Physics.Observables;

namespace EventService.Physics.Tests.Kinds;

/// <summary>Which kind the events of a schema are of, and what follows from it.</summary>
public sealed class EventKindTests
{
    private static readonly SampleSchema s_table = new([new("m_jj", "GeV", ""), new("bdt", "1", "")], []);
    private static readonly SampleSchema s_unknown = new([new("x", "1", "")], [new("Track", 3, [new("pt", "GeV", "")])]);

    [Fact]
    public void Of_Schemas_IsTheirKind()
    {
        Assert.Same(EventKind.WholeEvent, EventKind.Of(TestBlocks.Schema));
        var withMass = TestBlocks.Schema with { Scalars = [.. TestBlocks.Schema.Scalars, new("mGluino", "GeV", "")] };
        Assert.Same(EventKind.WholeEvent, EventKind.Of(withMass));
        Assert.Same(EventKind.Jet, EventKind.Of(RandomEvents.Jets));
        Assert.Same(EventKind.Shower, EventKind.Of(RandomEvents.Showers));
        Assert.Same(EventKind.Table, EventKind.Of(s_table));
    }

    [Fact]
    public void Includes_Schemas_OneKindOnly()
    {
        foreach (var schema in new[] { TestBlocks.Schema, RandomEvents.Jets, RandomEvents.Showers, s_table })
        {
            Assert.Single(EventKind.All, k => k.Includes(schema));
        }
    }

    [Fact]
    public void Of_UnknownSchema_SaysWhatThereIs()
    {
        Assert.Null(EventKind.Find(s_unknown));
        var e = Assert.Throws<NotSupportedException>(() => EventKind.Of(s_unknown));
        Assert.StartsWith(
            "Events of the columns x, Track, nTrack, Track_pt are of no known kind. Known: whole collision events (weight, MET_pt, ",
            e.Message, StringComparison.Ordinal);
        Assert.Contains(
            "; jets (pt, eta, mass, the collection Constituent with etarel, phirel, ptrel); showers (",
            e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextOfWholeEvents_OtherKinds_IsRefusedBothWays()
    {
        foreach (var schema in new[] { RandomEvents.Jets, RandomEvents.Showers })
        {
            var kind = EventKind.Of(schema);
            var reading = Assert.Throws<NotSupportedException>(() => kind.OpenReader("dm-csv", Stream.Null, "body", schema));
            Assert.Contains("Give them as 'jsonl' or 'npy'.", reading.Message, StringComparison.Ordinal);
            var writing = Assert.Throws<NotSupportedException>(() => EventFormats.CreateWriter("dm-csv", new EventWriterOptions(schema)));
            Assert.Contains(schema.Describe(), writing.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ObservablesAndFeatures_JetsAndShowers_AreScalarsCountsAndSums()
    {
        foreach (var (schema, names) in new[]
        {
            (RandomEvents.Jets, new[] { "pt", "eta", "mass", "nConstituent" }),
            (RandomEvents.Showers, ["incident_energy", "sum_voxels", "sum_layers"]),
        })
        {
            var kind = EventKind.Of(schema);
            var block = RandomEvents.Block(schema, 40, new SplitMix64(5));
            var sample = EventSample.For(schema);
            kind.ToSample(block, sample);
            var table = ObservableTable.Compute(sample, kind.Observables(schema));
            var features = kind.Features(sample, schema);
            Assert.Equal(names, table.Observables.Select(o => o.Name));
            Assert.Equal(names, features.Names);
            for (var k = 0; k < block.Count; k++)
            {
                double[] expected =
                [
                    .. block.Scalars.Select(s => (double)s[k]),
                    .. block.Collections.Select(c => (double)(c.Offsets[k + 1] - c.Offsets[k])),
                    .. Enumerable.Range(0, block.Arrays.Length).Select(a => block.ArrayOf(a, k).ToArray().Sum(x => (double)x)),
                ];
                for (var c = 0; c < names.Length; c++)
                {
                    Assert.Equal((float)expected[c], (float)table.Columns[c][k]);
                    Assert.Equal((float)expected[c], features.Row(k)[c]);
                }
            }
        }
    }
}

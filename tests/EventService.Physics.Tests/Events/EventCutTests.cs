using EventService.Physics.Events;

namespace EventService.Physics.Tests.Events;

public sealed class EventCutTests
{
    private static readonly SampleSchema s_schema = new(
        [new ColumnSchema("MET_pt", "GeV", ""), new ColumnSchema("MET_phi", "rad", "")],
        [
            new CollectionSchema("Jet", 3, [new ColumnSchema("pt", "GeV", ""), new ColumnSchema("eta", "1", "")]),
            new CollectionSchema("Photon", 1, [new ColumnSchema("pt", "GeV", "")]),
        ]);

    [Theory]
    [InlineData("MET_pt>20", new long[] { 12, 13 })]
    [InlineData("MET_pt >= 20", new long[] { 11, 12, 13 })]
    [InlineData("MET_pt<20", new long[] { 10 })]
    [InlineData("MET_pt<=2e1", new long[] { 10, 11 })]
    [InlineData("nJet==2", new long[] { 11 })]
    [InlineData("nJet!=2", new long[] { 10, 12, 13 })]
    [InlineData("Jet_pt[0]>60", new long[] { 11, 13 })]
    [InlineData("Jet_pt[1]<1e9", new long[] { 11, 13 })]
    [InlineData("Jet_eta[ 2 ]!=0", new long[] { 13 })]
    [InlineData("nJet>=1,MET_pt<35 and nPhoton<1", new long[] { 11 })]
    [InlineData("MET_pt>1000", new long[0])]
    [InlineData("MET_pt>0", new long[] { 10, 11, 12, 13 })]
    public void Apply_Cut_KeepsTheEventsThatPassWithAllTheirValues(string cut, long[] expected)
    {
        var (block, logDensity) = Block();
        var kept = EventCut.Parse(cut, s_schema).Apply(block, logDensity);

        Assert.Equal(expected.Length, kept);
        Assert.Equal(expected, block.EventNumber[..block.Count]);
        var (whole, _) = Block();
        for (var row = 0; row < kept; row++)
        {
            var before = (int)expected[row] - 10;
            Assert.Equal(-expected[row], logDensity[row]);
            Assert.Equal(whole.Scalars.Select(s => s[before]), block.Scalars.Select(s => s[row]));
            for (var c = 0; c < 2; c++)
            {
                Assert.Equal(Objects(whole.Collections[c], before), Objects(block.Collections[c], row));
            }
        }
    }

    [Theory]
    [InlineData("MET_pt", "The cut 'MET_pt' is not understood, expected a column, one of > >= < <= == != and a number")]
    [InlineData("MET_pt>100,", "The cut '' is not understood")]
    [InlineData("MET_pt>ten", "The cut 'MET_pt>ten' is not understood")]
    [InlineData("MET_pt>1;drop", "The cut 'MET_pt>1;drop' is not understood")]
    [InlineData("Jet_pt>60", "The cut 'Jet_pt>60' does not say which Jet, expected an index from 0, as in Jet_pt[0].")]
    [InlineData("Jet_pt[99999999999]>60", "The cut 'Jet_pt[99999999999]>60' does not say which Jet")]
    [InlineData(
        "HT>60",
        "The cut 'HT>60' names a column that there is not. Known: MET_pt, MET_phi, nJet, Jet_pt[0], Jet_eta[0], nPhoton, Photon_pt[0].")]
    [InlineData("MET_pt[0]>60", "The cut 'MET_pt[0]>60' names a column that there is not.")]
    public void Parse_WhatIsNoCut_SaysWhy(string cut, string sentence)
    {
        var e = Assert.Throws<ArgumentException>(() => EventCut.Parse(cut, s_schema));
        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
    }

    /// <summary>Events 10 to 13: MET 10, 20, 30, 40 GeV; 0, 2, 1, 3 jets; a photon in the third.</summary>
    private static (EventBlock Block, double[] LogDensity) Block()
    {
        var block = new EventBlock(s_schema);
        block.Resize(4);
        int[] jets = [0, 2, 1, 3];
        int[] photons = [0, 0, 1, 0];
        block.Collections[0].EnsureCapacity(4, 6);
        block.Collections[1].EnsureCapacity(4, 1);
        for (var row = 0; row < 4; row++)
        {
            block.EventNumber[row] = 10 + row;
            block.Scalars[0][row] = 10 * (row + 1);
            block.Scalars[1][row] = row;
            block.Collections[0].Offsets[row + 1] = block.Collections[0].Offsets[row] + jets[row];
            block.Collections[1].Offsets[row + 1] = block.Collections[1].Offsets[row] + photons[row];
        }

        float[] pt = [80, 30, 50, 90, 70, 25];
        pt.CopyTo(block.Collections[0].Columns[0], 0);
        float[] eta = [0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f];
        eta.CopyTo(block.Collections[0].Columns[1], 0);
        block.Collections[1].Columns[0][0] = 33;
        return (block, [-10, -11, -12, -13]);
    }

    private static IEnumerable<float[]> Objects(CollectionBlock collection, int row) =>
        collection.Columns.Select(c => c[collection.Offsets[row]..collection.Offsets[row + 1]]);
}

using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Events;

public class DarkMachinesSchemaTests
{
    [Fact]
    public void Create_NamesAndOrder_AreTheContract()
    {
        var schema = DarkMachinesSchema.Create(new ObjectMaxima(15, 5, 4, 3, 2));
        Assert.Equal(
            "weight, MET_pt, MET_phi, Jet, nJet, Jet_pt, Jet_eta, Jet_phi, Jet_energy, Jet_mass, BJet, nBJet, BJet_pt, BJet_eta, "
                + "BJet_phi, BJet_energy, BJet_mass, "
            + "Electron, nElectron, Electron_pt, Electron_eta, Electron_phi, Electron_energy, Electron_charge, "
            + "Muon, nMuon, Muon_pt, Muon_eta, Muon_phi, Muon_energy, Muon_charge, Photon, nPhoton, Photon_pt, Photon_eta, Photon_phi, "
            + "Photon_energy",
            schema.Describe());
        Assert.Equal([15, 5, 4, 3, 2], schema.Collections.Select(c => c.Maximum));
        Assert.Equal(["pb", "GeV", "rad"], schema.Scalars.Select(s => s.Unit));
        Assert.True(DarkMachinesSchema.IsWholeEvent(schema));
        Assert.False(DarkMachinesSchema.IsWholeEvent(schema.Select(["Jet"])));
    }

    [Fact]
    public void ToBlock_ThenToSample_IsTheSampleRoundedToFloat()
    {
        var sample = DarkMachinesReader.ReadAll(Repository.TestData("ttbar-300.csv"));
        var block = new EventBlock(DarkMachinesSchema.Create(sample));
        var back = new EventSample();
        for (var first = 0; first < 300; first += 100)
        {
            DarkMachinesSchema.ToBlock(sample, first, 100, block);
            DarkMachinesSchema.ToSample(block, back);
        }

        Assert.Equal(sample.EventNumber, back.EventNumber);
        Assert.Equal(sample.Offsets, back.Offsets);
        Assert.Equal(sample.Type.ToArray(), back.Type.ToArray());
        Assert.Equal(Rounded(sample.Weight), back.Weight.ToArray());
        Assert.Equal(Rounded(sample.Met), back.Met.ToArray());
        Assert.Equal(Rounded(sample.MetPhi), back.MetPhi.ToArray());
        Assert.Equal(Rounded(sample.Energy), back.Energy.ToArray());
        Assert.Equal(Rounded(sample.Pt), back.Pt.ToArray());
        Assert.Equal(Rounded(sample.Eta), back.Eta.ToArray());
        Assert.Equal(Rounded(sample.Phi), back.Phi.ToArray());
        Assert.Equal(Rounded(sample.Mass), back.Mass.ToArray());
    }

    [Fact]
    public void ToBlock_Masses_StandInTheColumnsOfJetsAndBJetsAlone()
    {
        // 3-4-5 triangles at eta 0: the masses are in closed form.
        var sample = new EventSample();
        sample.AddEvent(1, 1, 10, 0);
        sample.AddObject(ObjectType.BJet, 50, 30, 0, 0);
        sample.AddObject(ObjectType.Jet, 130, 120, 0, 1);
        sample.AddObject(ObjectType.Jet, 1000, 30, 0, 1, 7.5); // given: not that of the energy
        sample.AddObject(ObjectType.ElectronMinus, 50, 30, 0, 2);
        sample.AddObject(ObjectType.MuonPlus, 50, 30, 0, 2);
        sample.AddObject(ObjectType.Photon, 50, 30, 0, 2);
        Assert.Equal([40, 50, 7.5, 0, 0, 0], sample.Mass.ToArray());

        var block = new EventBlock(DarkMachinesSchema.Create(sample));
        DarkMachinesSchema.ToBlock(sample, 0, 1, block);
        Assert.Equal([50f, 7.5f], block.Collections[0].Columns[4][..2]);
        Assert.Equal([40f], block.Collections[1].Columns[4][..1]);
        Assert.Equal([-1f], block.Collections[2].Columns[4][..1]);
        Assert.Equal([1f], block.Collections[3].Columns[4][..1]);
        Assert.Equal(4, block.Collections[4].Columns.Length);

        var back = new EventSample();
        DarkMachinesSchema.ToSample(block, back);
        Assert.Equal(sample.Mass.ToArray(), back.Mass.ToArray());
        Assert.Equal(sample.Type.ToArray(), back.Type.ToArray());
    }

    [Fact]
    public void Upgrade_SchemaWithoutMasses_GetsThemAndKeepsTheMaxima()
    {
        var today = DarkMachinesSchema.Create(new ObjectMaxima(15, 5, 4, 3, 2));
        var before = today with
        {
            Collections = [.. today.Collections.Select(c => c with { Columns = [.. c.Columns.Where(x => x.Name != "mass")] })],
        };
        Assert.False(DarkMachinesSchema.IsWholeEvent(before));

        var upgraded = DarkMachinesSchema.Upgrade(before)!;

        Assert.Equal(today.Describe(), upgraded.Describe());
        Assert.Equal([15, 5, 4, 3, 2], upgraded.Collections.Select(c => c.Maximum));
        Assert.Same(today, DarkMachinesSchema.Upgrade(today));
        Assert.Null(DarkMachinesSchema.Upgrade(before.Select(["Jet"])));
        Assert.Null(DarkMachinesSchema.Upgrade(before with { Scalars = [] }));
    }

    [Fact]
    public void ToBlock_RangeOutsideTheSample_IsRefused()
    {
        var sample = OneEvent();
        var block = new EventBlock(DarkMachinesSchema.Create(sample));
        Assert.Throws<ArgumentOutOfRangeException>(() => DarkMachinesSchema.ToBlock(sample, 1, 1, block));
        Assert.Throws<ArgumentException>(() => DarkMachinesSchema.ToBlock(sample, 0, 1, new EventBlock(block.Schema.Select(["Jet"]))));
    }

    [Fact]
    public void Select_NamesOfEveryKind_KeepTheOrderOfTheSchema()
    {
        var schema = DarkMachinesSchema.Create(new ObjectMaxima(1, 2, 3, 4, 5));
        var selected = schema.Select(["Photon_eta", "Photon_pt", "nMuon", "MET_pt", "BJet", "MET_pt"]);
        Assert.Equal(
            "MET_pt, BJet, nBJet, BJet_pt, BJet_eta, BJet_phi, BJet_energy, BJet_mass, Muon, nMuon, Photon, nPhoton, Photon_pt, Photon_eta",
            selected.Describe());
        Assert.Equal([2, 4, 5], selected.Collections.Select(c => c.Maximum));
    }

    [Fact]
    public void Select_UnknownName_ListsTheKnown()
    {
        var schema = new SampleSchema([new ColumnSchema("m_jj", "GeV", "")], []);
        Assert.StartsWith(
            "Column 'jet_pt' not found. Known: m_jj.",
            Assert.Throws<ArgumentException>(() => schema.Select(["jet_pt"])).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "No column selected. Known: m_jj.",
            Assert.Throws<ArgumentException>(() => schema.Select([])).Message,
            StringComparison.Ordinal);
    }

    private static double[] Rounded(ReadOnlySpan<double> values)
    {
        var rounded = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            rounded[i] = (float)values[i];
        }

        return rounded;
    }

    private static EventSample OneEvent()
    {
        var sample = new EventSample();
        sample.AddEvent(1, 1, 1, 1);
        return sample;
    }
}

using System.Text;

using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

public class JsonLinesReaderTests
{
    private const string Rest =
        "\"nBJet\":0,\"BJet_pt\":[],\"BJet_eta\":[],\"BJet_phi\":[],\"BJet_energy\":[],"
        + "\"Electron_pt\":[],\"Electron_eta\":[],\"Electron_phi\":[],\"Electron_energy\":[],\"Electron_charge\":[],"
        + "\"Muon_pt\":[16,40],\"Muon_eta\":[0,1],\"Muon_phi\":[2,3],\"Muon_energy\":[50,60],\"Muon_charge\":[1,-1],"
        + "\"Photon_pt\":[],\"Photon_eta\":[],\"Photon_phi\":[],\"Photon_energy\":[]}";

    private const string Jets = "\"Jet_pt\":[30.5,80],\"Jet_eta\":[0,1],\"Jet_phi\":[2,3],\"Jet_energy\":[70,90],";

    [Fact]
    public void Read_MinimalEvents_TakeTheDefaultsAndSort()
    {
        var line = "{\"MET_pt\":1.5e1,\"MET_phi\":-3," + Jets + Rest + "\r\n";
        var sample = Read(line + line + "\n\n");
        Assert.Equal([0, 1], sample.EventNumber.ToArray());
        Assert.Equal([1, 1], sample.Weight.ToArray());
        Assert.Equal([15, 15], sample.Met.ToArray());
        Assert.Equal([ObjectType.Jet, ObjectType.Jet, ObjectType.MuonMinus, ObjectType.MuonPlus], sample.Type[..4].ToArray());
        Assert.Equal([80, 30.5, 40, 16], sample.Pt[..4].ToArray());
        Assert.Equal([1, 0, 1, 0], sample.Eta[..4].ToArray());
    }

    [Fact]
    public void Read_UnknownFieldsAndOtherOrder_AreAccepted()
    {
        var sample = Read(
            "{" + Jets + "\"comment\":{\"a\":[1,{\"b\":null}]},\"event\":-9,\"logDensity\":-31.5,\"MET_phi\":0,"
            + "\"nJet\":2,\"weight\":-2,\"MET_pt\":0," + Rest);
        Assert.Equal(-9, sample.EventNumber[0]);
        Assert.Equal(-2, sample.Weight[0]);
    }

    [Fact]
    public void Read_Masses_AreThoseGivenOrOfTheEnergy()
    {
        const string Rest3 = "\"Jet_pt\":[60,30],\"Jet_eta\":[0,0],\"Jet_phi\":[2,3],\"Jet_energy\":[65,50],";
        var line = "{\"MET_pt\":1,\"MET_phi\":0," + Rest3;
        Assert.Equal([25, 40, 0, 0], Read(line + Rest).Mass.ToArray());
        Assert.Equal([24, -1e-3, 0, 0], Read(line + "\"Jet_mass\":[24,-1e-3]," + Rest).Mass.ToArray());
        Assert.Equal([24, double.PositiveInfinity, 0, 0], Read(line + "\"Jet_mass\":[24,1e999]," + Rest).Mass.ToArray());
        Assert.Equal([25, 40, 0, 0], Read(line + "\"BJet_mass\":[]," + Rest).Mass.ToArray());
    }

    [Theory]
    [InlineData(
        "{\"MET_pt\":1,\"MET_phi\":0,",
        23,
        "the line is not one JSON object. Expected start of a property name or value, but instead reached end of data.")]
    [InlineData("[1,2]", 0, "found '[', expected a JSON object.")]
    [InlineData("{\"MET_pt\":NaN}", 10, "the line is not one JSON object. 'N' is an invalid start of a value.")]
    [InlineData("{\"MET_pt\":\"1\"}", 10, "MET_pt has '1', expected a number.")]
    [InlineData("{\"MET_pt\":null}", 10, "MET_pt has 'null', expected a number.")]
    [InlineData("{\"MET_pt\":-1}", 10, "MET_pt '-1' is negative.")]
    [InlineData("{\"MET_phi\":3.15}", 11, "MET_phi '3.15' is outside -pi .. pi.")]
    [InlineData("{\"weight\":1e999}", 10, "weight '1e999' is not a finite number.")]
    [InlineData("{\"event\":1.5}", 9, "event '1.5' is not a whole number of 64 bits.")]
    [InlineData("{\"Jet_pt\":3}", 10, "Jet_pt is '3', expected a list of numbers.")]
    [InlineData("{\"Jet_pt\":[3,[4]]}", 13, "Jet_pt has '[', expected a number.")]
    [InlineData("{\"Jet_pt\":[3,0]}", 13, "Jet_pt '0' is not positive.")]
    [InlineData("{\"Muon_charge\":[1,0]}", 18, "Muon_charge '0' is not -1 or 1.")]
    [InlineData("{\"MET_pt\":1,\"MET_pt\":1}", 12, "field 'MET_pt' is there twice.")]
    [InlineData("{\"MET_pt\":1}", 11, "field 'MET_phi' is missing.")]
    [InlineData("{\"MET_pt\":1,\"MET_phi\":0}", 23, "field 'Jet_pt' is missing; without such objects it is an empty list.")]
    [InlineData("{\"MET_pt\":1,\"MET_phi\":0,\"Jet_pt\":[1],\"Jet_eta\":[]}", 47, "Jet_eta has 0 numbers, the lists before it 1.")]
    [InlineData(
        "{\"MET_pt\":1,\"MET_phi\":0,\"Jet_pt\":[1],\"Jet_eta\":[0],\"Jet_phi\":[0],\"Jet_energy\":[2],\"Jet_mass\":[]}",
        93,
        "Jet_mass has 0 numbers, the lists before it 1.")]
    [InlineData("{\"Jet_mass\":[null]}", 13, "Jet_mass has 'null', expected a number.")]
    [InlineData("{\"MET_pt\":1,\"MET_phi\":0,"
            + "\"nJet\":2,\"Jet_pt\":[1]}", 31, "nJet is 2, but Jet_pt has 1 numbers.")]
    [InlineData(
        "{\"MET_pt\":1} {}", 13, "the line is not one JSON object. '{' is invalid after a single JSON value. Expected end of data.")]
    public void Read_Fault_NamesFileLineColumnAndExpectation(string line, int offset, string fault)
    {
        var good = "{\"MET_pt\":1,\"MET_phi\":0," + Jets + Rest + "\n";
        using var reader = new JsonLinesReader(new MemoryStream(Encoding.UTF8.GetBytes(good + line + "\n" + good)), "e.jsonl");
        var sample = new EventSample();
        var e = Assert.Throws<DataFormatException>(() => reader.Read(sample, 9));
        Assert.Equal($"e.jsonl, line 2, column {offset + 1}: {fault}", e.Message);
        Assert.Equal(0, sample.Count);
    }

    [Fact]
    public void Read_DeepNesting_IsRefused()
    {
        var e = Assert.Throws<DataFormatException>(() => Read("{\"x\":" + new string('[', 100_000)));
        Assert.StartsWith("e.jsonl, line 1, column 21: the line is not one JSON object.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_BrokenUtf8_NamesTheByte()
    {
        using var reader = new JsonLinesReader(new MemoryStream([(byte)'{', (byte)'"', 0xff, (byte)'"']), "e.jsonl");
        var e = Assert.Throws<DataFormatException>(() => reader.Read(new EventSample(), 1));
        Assert.Equal("e.jsonl, line 1, column 3: byte 0xff is not UTF-8 text.", e.Message);
    }

    private static EventSample Read(string text)
    {
        using var reader = new JsonLinesReader(new MemoryStream(Encoding.UTF8.GetBytes(text)), "e.jsonl");
        var sample = new EventSample();
        reader.Read(sample, int.MaxValue);
        return sample;
    }
}

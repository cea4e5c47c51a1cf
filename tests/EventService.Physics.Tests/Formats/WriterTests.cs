using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

public class WriterTests
{
    [Fact]
    public void DarkMachinesWriter_Excerpt_WritesTheNumbersOfTheFile()
    {
        // A float32 holds the file's six digits, so that the text comes back; but %g leaves out zeros and uses e+06 where we do not.
        var path = Repository.TestData("ttbar-300.csv");
        var sample = DarkMachinesReader.ReadAll(path);
        var block = Block(sample);
        var lines = Text(new DarkMachinesWriter(block.Schema, "ttbar"), block).Split('\n');
        var expected = File.ReadAllLines(path).Select(l => l.Contains('e', StringComparison.Ordinal) ? null : l).ToArray();
        Assert.Equal(301, lines.Length);
        Assert.True(expected.Count(l => l is not null) > 200);
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i] ?? lines[i], lines[i]);
        }
    }

    [Fact]
    public void DarkMachinesWriter_LeptonsOfBothCharges_StandNegativeFirst()
    {
        var block = Block(DarkMachinesReaderTests.Read("5;p;2;1e3;0.5;e-,4e4,3e4,1,0;e+,9e4,8e4,1,0;m+,7e4,6e4,1,-1"));
        Assert.Equal([30f, 80f], block.Collections[2].Columns[0][..2]);
        Assert.Equal([-1f, 1f], block.Collections[2].Columns[4][..2]);
        Assert.Equal(
            "5;p q;2;1000;0.5;e-,40000,30000,1,0;e+,90000,80000,1,0;m+,70000,60000,1,-1\n",
            Text(new DarkMachinesWriter(block.Schema, "p q"), block));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a;b")]
    [InlineData("a\nb")]
    public void DarkMachinesWriter_ProcessNameThatBreaksALine_IsRefused(string name) =>
        Assert.Throws<ArgumentException>(() => new DarkMachinesWriter(TestBlocks.Schema, name));

    [Fact]
    public void DarkMachinesWriter_OtherThanWholeEvents_IsRefused()
    {
        var e = Assert.Throws<NotSupportedException>(
            () => new DarkMachinesWriter(new SampleSchema([new ColumnSchema("m_jj", "GeV", "")], []), "higgs"));
        Assert.Equal("dm-csv holds whole collision events only, not the columns m_jj. Ask for 'jsonl' or 'npy'.", e.Message);
    }

    [Fact]
    public void DarkMachinesWriter_ColumnsOrDensity_AreRefused()
    {
        var options = new EventWriterOptions(TestBlocks.Schema) { ProcessName = "ttbar" };
        var e = Assert.Throws<NotSupportedException>(() => EventFormats.CreateWriter("dm-csv", options with { Columns = ["MET_pt"] }));
        Assert.Equal("'dm-csv' always holds whole events. Leave the columns out, or ask for 'jsonl' or 'npy'.", e.Message);
        e = Assert.Throws<NotSupportedException>(() => EventFormats.CreateWriter("dm-csv", options with { LogDensity = true }));
        Assert.Equal("'dm-csv' has no place for the log-density. Ask for 'jsonl' or 'npy'.", e.Message);
    }

    [Fact]
    public void TextWriters_NumberThatIsNotFinite_NameTheEvent()
    {
        var block = TestBlocks.Random(3, 4);
        block.EventNumber[1] = 77;
        block.Scalars[1][1] = float.NaN;
        var e = Assert.Throws<UnwritableEventException>(() => Text(new DarkMachinesWriter(block.Schema, "p"), block));
        Assert.Equal("Event 77: MET_pt is NaN, dm-csv holds finite numbers only.", e.Message);
        e = Assert.Throws<UnwritableEventException>(() => Text(new JsonLinesWriter(block.Schema), block));
        Assert.Equal("Event 77: MET_pt is NaN, JSON holds finite numbers only.", e.Message);
        Assert.Equal(77, e.EventNumber);
    }

    [Fact]
    public void JsonLinesWriter_OneEvent_IsTheDocumentedText()
    {
        var block = Block(DarkMachinesReaderTests.Read("5;p;2;1e3;0.5;j,9e4,8e4,-0.25,0;j,1e5,6e4,1,-1;g,40167.4,30000,1e-7,3"));
        Assert.Equal(
            """{"event":5,"weight":2,"MET_pt":1,"MET_phi":0.5,"nJet":2,"Jet_pt":[80,60],"Jet_eta":[-0.25,1],"""
            + """
            "Jet_phi":[0,-1],"Jet_energy":[90,100],"Jet_mass":[35.938793,37.78952],
            """
            + """
            "nBJet":0,"BJet_pt":[],"BJet_eta":[],"BJet_phi":[],"BJet_energy":[],"BJet_mass":[],
            """
            + """
            "nElectron":0,"Electron_pt":[],"Electron_eta":[],"Electron_phi":[],"Electron_energy":[],"Electron_charge":[],
            """
            + """
            "nMuon":0,"Muon_pt":[],"Muon_eta":[],"Muon_phi":[],"Muon_energy":[],"Muon_charge":[],
            """
            + """
            "nPhoton":1,"Photon_pt":[30],"Photon_eta":[1e-7],"Photon_phi":[3],"Photon_energy":[40.1674]}
            """ + "\n",
            Text(new JsonLinesWriter(block.Schema), block));
    }

    [Fact]
    public void JsonLinesWriter_SelectedColumnsAndDensity_WritesOnlyThose()
    {
        var block = Block(DarkMachinesReaderTests.Read("5;p;2;1e3;0.5;j,9e4,8e4,-0.25,0\n6;p;2;2e3;0.5;j,9e4,8e4,-0.25,0;m-,7e4,6e4,1,-1"));
        var output = new ArrayBufferWriter<byte>();
        new JsonLinesWriter(block.Schema, ["nMuon", "MET_pt", "Jet_eta", "Jet_pt"], logDensity: true)
            .WriteBlock(block, [-12.75, double.NegativeInfinity], output);
        Assert.Equal(
            """
            {"event":5,"MET_pt":1,"nJet":1,"Jet_pt":[80],"Jet_eta":[-0.25],"nMuon":0,"logDensity":-12.75}
            {"event":6,"MET_pt":2,"nJet":1,"Jet_pt":[80],"Jet_eta":[-0.25],"nMuon":1,"logDensity":null}

            """,
            Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Fact]
    public void JsonLinesWriter_RandomBlock_IsValidJson()
    {
        var block = TestBlocks.Random(50, 6);
        foreach (var line in Text(new JsonLinesWriter(block.Schema), block).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var document = JsonDocument.Parse(line);
            Assert.Equal(document.RootElement.GetProperty("nJet").GetInt32(), document.RootElement.GetProperty("Jet_phi").GetArrayLength());
        }
    }

    [Fact]
    public void Writers_TableOfScalars_AreWritten()
    {
        var schema = new SampleSchema([new ColumnSchema("m_jj", "GeV", ""), new ColumnSchema("b1", "1", "")], []);
        var block = new EventBlock(schema);
        block.Resize(1);
        block.EventNumber[0] = 3;
        block.Scalars[0][0] = 80.5f;
        block.Scalars[1][0] = 1;
        Assert.Equal("{\"event\":3,\"m_jj\":80.5,\"b1\":1}\n", Text(new JsonLinesWriter(schema), block));
        Assert.Equal(16, TestBlocks.Write(new NpyWriter(schema, 1), block).Length % 64);
    }

    [Fact]
    public void NpyWriter_OneEvent_HasNumPysHeaderAndLayout()
    {
        var schema = DarkMachinesSchema.Create(new ObjectMaxima(2, 0, 1, 0, 0)).Select(["MET_pt", "Jet_pt", "nMuon", "Electron_charge"]);
        var full = DarkMachinesSchema.Create(new ObjectMaxima(2, 0, 1, 0, 0));
        var block = new EventBlock(full);
        DarkMachinesSchema.ToBlock(DarkMachinesReaderTests.Read("5;p;2;1e3;0.5;j,9e4,8e4,-0.25,0;e-,9e4,7e4,0,0"), 0, 1, block);
        var output = new ArrayBufferWriter<byte>();
        var writer = new NpyWriter(full, 1, ["MET_pt", "Jet_pt", "nMuon", "Electron_charge"], logDensity: true);
        writer.WriteHeader(output);
        writer.WriteBlock(block, [-7.5], output);
        writer.Finish(output);
        var bytes = output.WrittenSpan;

        // numpy.lib.format: magic, version, little-endian length, header that ends in a line feed at a multiple of 64.
        Assert.Equal([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0], bytes[..8].ToArray());
        var headerLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        Assert.Equal(0, (10 + headerLength) % 64);
        var header = Encoding.ASCII.GetString(bytes.Slice(10, headerLength));
        Assert.Equal(
            "{'descr': [('event', '<i8'), ('MET_pt', '<f4'), ('nJet', '<i4'), ('Jet_pt', '<f4', (2,)), ('nElectron', '<i4'), "
            + "('Electron_charge', '<f4', (1,)), ('nMuon', '<i4'), ('logDensity', '<f8')], 'fortran_order': False, 'shape': (1,), }",
            header.TrimEnd());
        Assert.EndsWith(" \n", header, StringComparison.Ordinal);
        var record = bytes[(10 + headerLength)..];
        Assert.Equal(8 + 4 + 4 + 8 + 4 + 4 + 4 + 8, record.Length);
        Assert.Equal(5, BinaryPrimitives.ReadInt64LittleEndian(record));
        Assert.Equal(1f, BinaryPrimitives.ReadSingleLittleEndian(record[8..]));
        Assert.Equal(1, BinaryPrimitives.ReadInt32LittleEndian(record[12..]));
        Assert.Equal(80f, BinaryPrimitives.ReadSingleLittleEndian(record[16..]));
        Assert.Equal(0f, BinaryPrimitives.ReadSingleLittleEndian(record[20..]));
        Assert.Equal(1, BinaryPrimitives.ReadInt32LittleEndian(record[24..]));
        Assert.Equal(-1f, BinaryPrimitives.ReadSingleLittleEndian(record[28..]));
        Assert.Equal(0, BinaryPrimitives.ReadInt32LittleEndian(record[32..]));
        Assert.Equal(-7.5, BinaryPrimitives.ReadDoubleLittleEndian(record[36..]));
        Assert.Equal(4, schema.Scalars.Count + schema.Collections.Count);
    }

    [Fact]
    public void NpyWriter_HeaderBeyond16Bits_IsVersion2()
    {
        var schema = new SampleSchema([.. Enumerable.Range(0, 4000).Select(i => new ColumnSchema($"column_{i}", "1", ""))], []);
        var bytes = TestBlocks.Write(new NpyWriter(schema, 0));
        Assert.Equal(2, bytes[6]);
        Assert.Equal((uint)bytes.Length - 12, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)));
        Assert.Equal(0, bytes.Length % 64);
    }

    [Fact]
    public void NpyWriter_CountLeftOpenByACut_SaysWhatToDo()
    {
        var e = Assert.Throws<NotSupportedException>(() => new NpyWriter(TestBlocks.Schema, null));
        Assert.Equal(
            "The header of 'npy' needs the number of events, which is not known before the end when there is a cut. "
                + "Ask for 'jsonl' or 'dm-csv', or leave the cut to your own code.",
            e.Message);
    }

    [Fact]
    public void NpyWriter_MoreObjectsThanRoom_NamesTheEvent()
    {
        var block = TestBlocks.Random(40, 8);
        block.EventNumber[9] = 1234;
        for (var row = 10; row <= 40; row++)
        {
            block.Collections[4].Offsets[row] += 9;
        }

        block.Collections[4].EnsureCapacity(40, block.Collections[4].Offsets[40]);
        var count = block.Collections[4].Offsets[10] - block.Collections[4].Offsets[9];
        var e = Assert.Throws<UnwritableEventException>(() => TestBlocks.Write(new NpyWriter(block.Schema, 40), block));
        Assert.Equal(
            $"Event 1234: nPhoton is {count}, but a record of 'npy' has room for 2. Ask for 'jsonl' or 'dm-csv', which have no limit.",
            e.Message);
    }

    [Fact]
    public void NpyWriter_OtherCountThanAnnounced_IsAnError()
    {
        var block = TestBlocks.Random(4, 9);
        Assert.Throws<InvalidOperationException>(() => TestBlocks.Write(new NpyWriter(block.Schema, 5), block));
        Assert.Throws<InvalidOperationException>(() => TestBlocks.Write(new NpyWriter(block.Schema, 3), block));
    }

    [Fact]
    public void Writers_WrongNumberOfDensities_IsAnError()
    {
        var block = TestBlocks.Random(4, 9);
        Assert.Throws<ArgumentException>(
            () => new JsonLinesWriter(block.Schema, logDensity: true).WriteBlock(block, [1, 2, 3], new ArrayBufferWriter<byte>()));
        Assert.Throws<ArgumentException>(
            () => new JsonLinesWriter(block.Schema).WriteBlock(block, [1, 2, 3, 4], new ArrayBufferWriter<byte>()));
    }

    private static EventBlock Block(EventSample sample)
    {
        var block = new EventBlock(DarkMachinesSchema.Create(sample));
        DarkMachinesSchema.ToBlock(sample, 0, sample.Count, block);
        return block;
    }

    private static string Text(IEventWriter writer, EventBlock block) => Encoding.UTF8.GetString(TestBlocks.Write(writer, block));
}

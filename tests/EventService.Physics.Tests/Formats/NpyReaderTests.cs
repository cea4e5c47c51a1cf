using System.Buffers.Binary;
using System.Text;

using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

public class NpyReaderTests
{
    private const string Collections =
        "('nJet','<i4'),('Jet_pt','<f4',(1,)),('Jet_eta','<f4',(1,)),('Jet_phi','<f4',(1,)),('Jet_energy','<f4',(1,)),"
        + "('nBJet','<i4'),('BJet_pt','<f4',(0,)),('BJet_eta','<f4',(0,)),('BJet_phi','<f4',(0,)),('BJet_energy','<f4',(0,)),"
        + "('nElectron','<i4'),('Electron_pt','<f4',(0,)),('Electron_eta','<f4',(0,)),('Electron_phi','<f4',(0,)),"
        + "('Electron_energy','<f4',(0,)),('Electron_charge','<f4',(0,)),"
        + "('nMuon','<i4'),('Muon_pt','<f4',(0,)),('Muon_eta','<f4',(0,)),('Muon_phi','<f4',(0,)),"
        + "('Muon_energy','<f4',(0,)),('Muon_charge','<f4',(0,)),"
        + "('nPhoton','<i4'),('Photon_pt','<f4',(0,)),('Photon_eta','<f4',(0,)),('Photon_phi','<f4',(0,)),('Photon_energy','<f4',(0,)),";

    private const string Head = "('MET_pt','<f4'),('MET_phi','<f4'),";
    private const string Good = "{'descr': [" + Head + Collections + "], 'fortran_order': False, 'shape': (2,), }";

    // MET_pt, MET_phi, nJet, Jet_pt, eta, phi, energy, then the four other counts.
    private static readonly byte[] Record = Bytes(15f, -1f, 1, 30f, 2f, 3f, 120f, 0, 0, 0, 0);

    [Fact]
    public void Read_MinimalFields_TakeTheDefaults()
    {
        var sample = Read(File(Good, 1, [.. Record, .. Record]));
        Assert.Equal([0, 1], sample.EventNumber.ToArray());
        Assert.Equal([1, 1], sample.Weight.ToArray());
        Assert.Equal([30, 30], sample.Pt.ToArray());
        Assert.Equal([120, 120], sample.Energy.ToArray());
    }

    [Theory]
    [InlineData(24f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Read_MassOfAnyValue_IsTakenAndWithoutOneThatOfTheEnergy(float mass)
    {
        // E = 65, p = 60 at eta = 0: m = 25.
        var header = Good.Replace("('nBJet'", "('Jet_mass','<f4',(1,)),('nBJet'", StringComparison.Ordinal);
        var with = Bytes(15f, -1f, 1, 60f, 0f, 3f, 65f, mass, 0, 0, 0, 0);
        var without = Bytes(15f, -1f, 1, 60f, 0f, 3f, 65f, 0, 0, 0, 0);
        Assert.Equal([mass, mass], Read(File(header, 1, [.. with, .. with])).Mass.ToArray());
        Assert.Equal([25, 25], Read(File(Good, 1, [.. without, .. without])).Mass.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_VersionsOfTheFormat_AreAccepted(byte version) =>
        Assert.Equal(2, Read(File(Good, version, [.. Record, .. Record])).Count);

    [Fact]
    public void Read_OtherTypesAndForeignFields_AreAccepted()
    {
        var header = Good
            .Replace("('MET_pt','<f4')", "('name','<U3'),('','|V4'),('t','<M8[ns]'),('MET_pt','<f8')", StringComparison.Ordinal)
            .Replace("('nJet','<i4')", "('nJet','|u1')", StringComparison.Ordinal)
            .Replace("(2,)", "(1L,)", StringComparison.Ordinal);
        byte[] record = [.. new byte[12 + 4 + 8], .. BitConverter.GetBytes(15.1), .. Record[4..8], 1, .. Record[12..]];
        var sample = Read(File(header, 1, record));
        Assert.Equal(15.1, sample.Met[0]);
        Assert.Equal(1, sample.ObjectCount);
    }

    [Theory]
    [InlineData(
        "'<f4',(1,)),('Jet_eta'",
        "'>f4',(1,)),('Jet_eta'",
        "header: field 'Jet_pt' has the type '>f4', expected a number; bytes are swapped by a.astype(a.dtype.newbyteorder('<')).")]
    [InlineData("'nJet','<i4'", "'nJet','<f4'", "header: field 'nJet' has the type '<f4', expected a whole number.")]
    [InlineData("'MET_phi'", "'MET_fi'", "header: field 'MET_phi' is missing.")]
    [InlineData("'MET_phi'", "'MET_pt'", "header: field 'MET_pt' is there twice.")]
    [InlineData("'MET_phi','<f4'", "'MET_phi','<f4',(2,)", "header: field 'MET_phi' has a shape, expected one number.")]
    [InlineData(
        "'Jet_phi','<f4',(1,)",
        "'Jet_phi','<f4',(2,)",
        "header: field 'Jet_phi' has room for 2 numbers, the fields of the collection before it for 1.")]
    [InlineData("'MET_phi','<f4'", "'MET_phi','<q4'", "header: field 'MET_phi' has the type '<q4', which is unknown.")]
    [InlineData(
        "'MET_phi','<f4'",
        "'MET_phi',[('x','<f4')]",
        "header: a field is not of the form (name, type) or (name, type, shape); nested and titled fields are not read.")]
    [InlineData("(2,)", "(2,1)", "header: the array does not have one dimension; use a.reshape(-1).")]
    [InlineData("(2,)", "(-2,)", "header: the array does not have one dimension; use a.reshape(-1).")]
    [InlineData("(2,)", "(9223372036854775807,)", "header: 9223372036854775807 records of 44 bytes are too many.")]
    [InlineData("'MET_phi','<f4'", "'MET_phi','<f4',(99999999999,)", "header: field 'MET_phi' has a shape, expected one number.")]
    [InlineData("('MET_phi','<f4')", "('x','<f8',(999999,999999)),('MET_phi','<f4')", "header: a record is longer than 1048576 bytes.")]
    [InlineData("'shape'", "'form'", "header: expected a dictionary with descr, fortran_order and shape.")]
    [InlineData("'shape'", "shape", "header: it is not a Python literal: found 's' at character 943, expected a value.")]
    [InlineData("(2,), }", "(2,), ", "header: it is not a Python literal: it ends where a value is expected.")]
    public void Read_FaultyHeader_SaysWhatWasFound(string from, string to, string fault)
    {
        var header = Good.Replace(from, to, StringComparison.Ordinal);
        var e = Assert.Throws<DataFormatException>(() => Read(File(header, 1, [.. Record, .. Record])));
        var expected = fault.Contains("943", StringComparison.Ordinal)
            ? fault.Replace(
                "943",
                (header.IndexOf(" shape", StringComparison.Ordinal) + 2).ToString(System.Globalization.CultureInfo.InvariantCulture),
                StringComparison.Ordinal)
            : fault;
        Assert.Equal("e.npy: " + expected, e.Message);
    }

    [Theory]
    [InlineData(8, 2, "nJet is 2, expected 0 to 1.")]
    [InlineData(8, -1, "nJet is -1, expected 0 to 1.")]
    [InlineData(28, 1, "nBJet is 1, expected 0 to 0.")]
    public void Read_CountOutsideItsRoom_NamesTheRecord(int offset, int count, string fault)
    {
        byte[] record = [.. Record];
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(offset), count);
        var e = Assert.Throws<DataFormatException>(() => Read(File(Good, 1, [.. Record, .. record])));
        Assert.Equal("e.npy, record 2: " + fault, e.Message);
        Assert.Equal((2, 0, "e.npy"), (e.Line, e.Column, e.FileName));
    }

    [Theory]
    [InlineData(0, -1f, "MET_pt -1 is negative.")]
    [InlineData(4, float.NaN, "MET_phi NaN is not a finite number.")]
    [InlineData(12, 0f, "Jet_pt[0] 0 is not positive.")]
    [InlineData(20, 3.5f, "Jet_phi[0] 3.5 is outside -pi .. pi.")]
    [InlineData(24, float.PositiveInfinity, "Jet_energy[0] ∞ is not a finite number.")]
    public void Read_NumberOutsideItsRange_NamesTheRecordAndField(int offset, float value, string fault)
    {
        byte[] record = [.. Record];
        BinaryPrimitives.WriteSingleLittleEndian(record.AsSpan(offset), value);
        var e = Assert.Throws<DataFormatException>(() => Read(File(Good, 1, [.. Record, .. record])));
        Assert.Equal("e.npy, record 2: " + fault.Replace("∞", "Infinity", StringComparison.Ordinal), e.Message);
    }

    [Fact]
    public void Read_CutOffAnywhere_SaysWhere()
    {
        var file = File(Good, 1, [.. Record, .. Record]);
        var start = file.Length - (2 * Record.Length);
        for (var length = 0; length < file.Length; length += length < start ? 17 : 1)
        {
            var e = Assert.Throws<DataFormatException>(() => Read(file[..length]));
            Assert.Equal(
                length < start ? "e.npy: header: the file ends within it."
                : $"e.npy, record {(length < start + Record.Length ? 1 : 2)}: the file ends within or before this record, 2 are announced.",
                e.Message);
        }
    }

    [Fact]
    public void Read_MoreBytesThanAnnounced_IsRefused()
    {
        var e = Assert.Throws<DataFormatException>(() => Read(File(Good, 1, [.. Record, .. Record, 0])));
        Assert.Equal("e.npy: header: 2 records are announced, but more bytes follow.", e.Message);
    }

    [Theory]
    [InlineData(
        "PK\u0003\u0004 an npz archive", "e.npy: header: the file does not start with \\x93NUMPY, expected a file that numpy.save wrote.")]
    public void Read_OtherFile_IsRefused(string text, string message) =>
        Assert.Equal(message, Assert.Throws<DataFormatException>(() => Read(Encoding.ASCII.GetBytes(text))).Message);

    [Fact]
    public void Read_UnknownVersionOrLongHeader_IsRefused()
    {
        var file = File(Good, 1, []);
        file[6] = 4;
        Assert.Equal(
            "e.npy: header: version 4.0 is unknown, expected 1.0, 2.0 or 3.0.",
            Assert.Throws<DataFormatException>(() => Read(file)).Message);
        file = File(Good, 2, []);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(8), int.MaxValue);
        Assert.Equal(
            "e.npy: header: it is 2147483647 bytes long, at most 262144 are accepted.",
            Assert.Throws<DataFormatException>(() => Read(file)).Message);
    }

    private static EventSample Read(byte[] bytes)
    {
        using var reader = new NpyReader(new MemoryStream(bytes), "e.npy");
        var sample = new EventSample();
        reader.Read(sample, int.MaxValue);
        return sample;
    }

    private static byte[] File(string header, byte version, byte[] records)
    {
        var text = Encoding.ASCII.GetBytes(header + "\n");
        var length = version == 1 ? BitConverter.GetBytes((ushort)text.Length) : BitConverter.GetBytes((uint)text.Length);
        return [0x93, .. "NUMPY"u8, version, 0, .. length, .. text, .. records];
    }

    private static byte[] Bytes(params object[] values) =>
        [.. values.SelectMany(v => v is float f ? BitConverter.GetBytes(f) : BitConverter.GetBytes((int)v))];
}

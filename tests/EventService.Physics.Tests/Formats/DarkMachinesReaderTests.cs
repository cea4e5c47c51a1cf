using System.Globalization;
using System.IO.Compression;
using System.Text;

using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

public class DarkMachinesReaderTests
{
    private const string Event = "7;ttbar;0.5;38720.1;0.25;b,54896.9,40167.4,0.8,0.9;j,315432,168230,-1.2,-2.2\n";

    [Fact]
    public void ReadAll_TtbarExcerpt_GivesTheNumbersOfTheFile()
    {
        var path = Repository.TestData("ttbar-300.csv");
        var sample = DarkMachinesReader.ReadAll(path);

        Assert.Equal("ttbar", sample.ProcessName);
        Assert.Equal(300, sample.Count);
        var lines = File.ReadAllLines(path);
        var k = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            var fields = lines[i].Split(';');
            Assert.Equal(long.Parse(fields[0]), sample.EventNumber[i]);
            Assert.Equal(Number(fields[2]), sample.Weight[i]);
            Assert.Equal(Number(fields[3]) / 1000, sample.Met[i]);
            Assert.Equal(Number(fields[4]), sample.MetPhi[i]);
            Assert.Equal(k, sample.Offsets[i]);
            foreach (var field in fields.Skip(5))
            {
                var o = field.Split(',');
                Assert.Equal(o[0], DarkMachinesLabel(sample.Type[k]));
                Assert.Equal(Number(o[1]) / 1000, sample.Energy[k]);
                Assert.Equal(Number(o[2]) / 1000, sample.Pt[k]);
                Assert.Equal(Number(o[3]), sample.Eta[k]);
                Assert.Equal(Number(o[4]), sample.Phi[k]);
                k++;
            }
        }

        Assert.Equal(k, sample.ObjectCount);
        Assert.Equal(k, sample.Offsets[^1]);
    }

    [Fact]
    public void Read_Mass_IsThatOfTheEnergyBesideFloatPtAndEta()
    {
        // 0.1f is 0.100000001490116...: p = 100.099998474121093 GeV of the float, 100.1 of the decimal. E = 100.1 GeV is above the first by
        // 1.525878907e-6, so that m^2 = 2 * 100.1 * 1.525878907e-6 and m = 0.01747804 GeV; of the decimals it would be 0.
        var sample = Read("1;p;1;0;0;j,100100,100100,0,0;j,130000,120000,0,0;j,99000,100000,0,0;e-,130000,120000,0,0;g,130000,120000,0,0");
        Assert.Equal(
            [50, 0.01747804, double.NaN, 0, 0],
            sample.Mass.ToArray(),
            (a, b) => double.IsNaN(a) ? double.IsNaN(b) : Math.Abs(a - b) <= 1e-7);
    }

    [Fact]
    public void Read_InPortions_GivesTheSameEventsAsAtOnce()
    {
        var whole = DarkMachinesReader.ReadAll(Repository.TestData("ttbar-300.csv"));
        using var reader = DarkMachinesReader.Open(Repository.TestData("ttbar-300.csv"));
        var portion = new EventSample();
        var events = 0;
        var objects = 0;
        while (reader.Read(portion, 7))
        {
            Assert.Equal(whole.Met.Slice(events, portion.Count), portion.Met);
            Assert.Equal(whole.Pt.Slice(objects, portion.ObjectCount), portion.Pt);
            events += portion.Count;
            objects += portion.ObjectCount;
            portion.Clear();
        }

        Assert.Equal(300, events);
        Assert.False(reader.Read(portion, 1));
    }

    [Fact]
    public async Task ReadAsync_GzipInDribbles_GivesTheSameEvents()
    {
        var text = File.ReadAllBytes(Repository.TestData("ttbar-300.csv"));
        var whole = DarkMachinesReader.ReadAll(Repository.TestData("ttbar-300.csv"));
        foreach (var bytes in new[] { text, Gzip(text) })
        {
            using var reader = new DarkMachinesReader(new DribblingStream(bytes, 3), "dribble");
            var sample = new EventSample();
            while (await reader.ReadAsync(sample, 11))
            {
            }

            Assert.Equal(whole.Pt, sample.Pt);
            Assert.Equal(whole.Offsets, sample.Offsets);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("\r\n")]
    public void Read_NoEvents_ReturnsFalse(string text) => Assert.Equal(0, Read(text).Count);

    [Theory]
    [InlineData("7;ttbar;0.5;38720.1;0.25", 0)]
    [InlineData("7;ttbar;0.5;38720.1;0.25;\r\n\r\n", 0)]
    [InlineData("7;ttbar;0.5;38720.1;0.25;g,1e3,1E+3,-0.5,3.1416;\n\n", 1)]
    [InlineData("\uFEFF7;ttbar;0.5;38720.1;0.25;j,1,1,+.5,-3.14160", 1)]
    public void Read_HarmlessVariants_AreAccepted(string text, int objects)
    {
        var sample = Read(text);
        Assert.Equal(1, sample.Count);
        Assert.Equal(7, sample.EventNumber[0]);
        Assert.Equal(objects, sample.ObjectCount);
    }

    [Fact]
    public void Read_ObjectsInAnyOrder_AreSortedByTypeThenFallingPtAndStable()
    {
        var sample = Read(
            "1;p;1;0;0;g,9e3,9e3,1,0;m+,9e3,5e3,1,0;j,9e3,5e3,1,0;j,9e3,7e3,2,0;j,9e3,5e3,3,0;"
            + "b,9e3,1e3,1,0;m-,9e3,1e3,1,0;e+,9e3,1e3,1,0;e-,9e3,1e3,1,0");
        Assert.Equal(
            [
                ObjectType.BJet, ObjectType.Jet, ObjectType.Jet, ObjectType.Jet, ObjectType.ElectronMinus, ObjectType.ElectronPlus,
                ObjectType.MuonMinus, ObjectType.MuonPlus, ObjectType.Photon,
            ],
            sample.Type.ToArray());
        Assert.Equal([1, 7, 5, 5, 1, 1, 1, 5, 9], sample.Pt.ToArray());
        Assert.Equal([1, 2, 1, 3, 1, 1, 1, 1, 1], sample.Eta.ToArray());
    }

    [Theory]
    [InlineData("7;ttbar;0.5;1;0;q,1,1,1,1", 15, "object 'q' is not one of b, j, e-, e+, m-, m+, g.")]
    [InlineData("7;ttbar;0.5;1;0;;j,1,1,1,1", 15, "object '' is not one of b, j, e-, e+, m-, m+, g.")]
    [InlineData("7;ttbar;0.5;1;0;j,1,1,1", 15, "object 'j' has 3 numbers, expected 4: E,pt,eta,phi.")]
    [InlineData("7;ttbar;0.5;1;0;e-,1,1,1,1,1;j", 15, "object 'e-' has 5 numbers, expected 4: E,pt,eta,phi.")]
    [InlineData("7;ttbar;0.5;1;0;j,1,1,,1", 21, "eta '' is not a finite number.")]
    [InlineData("7;ttbar;0.5;1;0;j,1,1,nan,1", 21, "eta 'nan' is not a finite number.")]
    [InlineData("7;ttbar;0.5;1;0;j,1e999,1,0,1", 17, "E '1e999' is not a finite number.")]
    [InlineData("7;ttbar;0.5;1;0;j,1,1,1.5x,1", 21, "eta '1.5x' is not a finite number.")]
    [InlineData("7;ttbar;0.5;1;0;j,0,1,1,1", 17, "E '0' of object 1 is not positive.")]
    [InlineData("7;ttbar;0.5;1;0;j,1,1,1,1;j,1,-2,1,1", 29, "pt '-2' of object 2 is not positive.")]
    [InlineData("7;ttbar;0.5;1;0;j,1,1,1,3.14161", 23, "phi '3.14161' is outside -pi .. pi.")]
    [InlineData("7;ttbar;0.5;1;-4", 13, "METphi '-4' is outside -pi .. pi.")]
    [InlineData("7;ttbar;0.5;-1;0", 11, "MET '-1' is negative.")]
    [InlineData("7;ttbar;0.5", 10, "the line has 3 fields, expected at least 5: eventID;processID;weight;MET;METphi.")]
    [InlineData("x;ttbar;0.5;1;0", -1, "event ID 'x' is not a whole number of 64 bits.")]
    [InlineData("7;zz;0.5;1;0", 1, "process 'zz' differs from 'ttbar' on the lines before; a file holds one process.")]
    [InlineData("7;ttbar;0.5;1\0;0", 12, "found a NUL byte; the file is not text.")]
    public void Read_Fault_NamesFileLineColumnAndExpectation(string line, int columnAfterEventId, string fault)
    {
        // Column counted from 1; the event ID and its semicolon take two.
        var column = columnAfterEventId + 2;
        var sample = new EventSample();
        using var reader = new DarkMachinesReader(
            new MemoryStream(Encoding.UTF8.GetBytes(Event + Event + line + "\n" + Event)), "events.csv");
        Assert.True(reader.Read(sample, 1));
        var e = Assert.Throws<DataFormatException>(() => reader.Read(sample, 100));
        Assert.Equal($"events.csv, line 3, column {column}: {fault}", e.Message);
        Assert.Equal(("events.csv", 3L, (long)column), (e.FileName, e.Line, e.Column));
        Assert.Equal(1, sample.Count);
        Assert.Equal(2, sample.ObjectCount);
        Assert.Throws<DataFormatException>(() => reader.Read(sample, 100));
    }

    [Fact]
    public void Read_BlankLineBetweenEvents_IsRefused()
    {
        var e = Assert.Throws<DataFormatException>(() => Read(Event + "\n" + Event));
        Assert.Equal(
            "events.csv, line 2, column 1: the line is blank, expected an event (only the end of a file may be blank).", e.Message);
    }

    [Fact]
    public void Read_BrokenUtf8_NamesTheByte()
    {
        var text = Encoding.Latin1.GetBytes("7;tt\u00e9bar;1;1;0\n");
        var e = Assert.Throws<DataFormatException>(() => Read(text));
        Assert.Equal("events.csv, line 1, column 5: byte 0xe9 is not UTF-8 text.", e.Message);
    }

    [Fact]
    public void Read_LineBeyondLimit_IsRefusedWithoutReadingItAll()
    {
        using var reader = new DarkMachinesReader(new EndlessStream(), "endless");
        var e = Assert.Throws<DataFormatException>(() => reader.Read(new EventSample(), 1));
        Assert.Equal("endless, line 1, column 1048577: the line is longer than 1048576 bytes; an event has one line.", e.Message);
    }

    [Fact]
    public void Read_TooManyObjects_IsRefused()
    {
        var text = "7;ttbar;1;1;0" + string.Concat(Enumerable.Repeat(";j,1,1,1,1", 10_001));
        var e = Assert.Throws<DataFormatException>(() => Read(text));
        Assert.Equal("events.csv, line 1, column 100015: the event has more than 10000 objects.", e.Message);
    }

    [Fact]
    public void Read_GzipCutOff_NamesTheLine()
    {
        var packed = Gzip(File.ReadAllBytes(Repository.TestData("ttbar-300.csv")));
        foreach (var length in new[] { packed.Length - 1, packed.Length - 9, packed.Length / 2, 11, 3, 2 })
        {
            var e = Assert.Throws<DataFormatException>(() => Read(packed[..length]));
            Assert.StartsWith("events.csv, line ", e.Message, StringComparison.Ordinal);
            Assert.Contains("gzip", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Read_GzipOfSeveralMembers_IsOneFile()
    {
        var member = Gzip(Encoding.UTF8.GetBytes(Event));
        Assert.Equal(3, Read([.. member, .. member, .. member]).Count);
    }

    internal static EventSample Read(string text) => Read(Encoding.UTF8.GetBytes(text));

    internal static EventSample Read(byte[] bytes)
    {
        using var reader = new DarkMachinesReader(new MemoryStream(bytes), "events.csv");
        var sample = new EventSample();
        reader.Read(sample, int.MaxValue);
        return sample;
    }

    internal static byte[] Gzip(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string DarkMachinesLabel(ObjectType type) => type switch
    {
        ObjectType.BJet => "b",
        ObjectType.Jet => "j",
        ObjectType.ElectronMinus => "e-",
        ObjectType.ElectronPlus => "e+",
        ObjectType.MuonMinus => "m-",
        ObjectType.MuonPlus => "m+",
        _ => "g",
    };

    /// <summary>Gives a few bytes a call, so that every boundary falls everywhere.</summary>
    private sealed class DribblingStream(byte[] bytes, int portion) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(portion, buffer.Length)]);

        public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(portion, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(portion, buffer.Length)], cancellationToken);
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override int Read(Span<byte> buffer)
        {
            buffer.Fill((byte)'7');
            return buffer.Length;
        }
    }
}

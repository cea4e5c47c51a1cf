using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Physics.Tests.Formats;

/// <summary>The contract of every format: what was written reads back to the bit, in blocks of any size, whole or packed.</summary>
public class RoundTripTests
{
    public static TheoryData<string> Formats => [.. EventFormats.Names];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Format_RandomBlock_ReadsBackToTheBit(string format)
    {
        var block = TestBlocks.Random(700, 1);
        var bytes = TestBlocks.Write(Writer(format, 700), block);
        TestBlocks.AssertSameBits(block, TestBlocks.Read(Reader(format, bytes)), format);
        TestBlocks.AssertSameBits(block, TestBlocks.Read(Reader(format, DarkMachinesReaderTests.Gzip(bytes))), format);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Format_Excerpts_ReadBackToTheBit(string format)
    {
        foreach (var file in new[] { "ttbar-300.csv", "gluino_01-50.csv" })
        {
            var sample = DarkMachinesReader.ReadAll(Repository.TestData(file));
            var schema = DarkMachinesSchema.Create(sample);
            var block = new EventBlock(schema);
            DarkMachinesSchema.ToBlock(sample, 0, sample.Count, block);
            var writer = EventFormats.CreateWriter(
                format, new EventWriterOptions(schema) { ProcessName = sample.ProcessName, Count = sample.Count });
            TestBlocks.AssertSameBits(block, TestBlocks.Read(Reader(format, TestBlocks.Write(writer, block)), schema), format);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Format_BlocksOfAnySize_GiveTheSameBytes(string format)
    {
        var sample = DarkMachinesReader.ReadAll(Repository.TestData("ttbar-300.csv"));
        var schema = DarkMachinesSchema.Create(sample);
        var expected = Bytes(300);
        Assert.Equal(expected, Bytes(1));
        Assert.Equal(expected, Bytes(64));

        byte[] Bytes(int size)
        {
            var blocks = new List<EventBlock>();
            for (var first = 0; first < sample.Count; first += size)
            {
                blocks.Add(new EventBlock(schema));
                DarkMachinesSchema.ToBlock(sample, first, Math.Min(size, sample.Count - first), blocks[^1]);
            }

            var writer = EventFormats.CreateWriter(format, new EventWriterOptions(schema) { ProcessName = "ttbar", Count = sample.Count });
            return TestBlocks.Write(writer, [.. blocks]);
        }
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Format_NoEvents_ReadsBackAsNone(string format)
    {
        var bytes = TestBlocks.Write(Writer(format, 0), new EventBlock(TestBlocks.Schema));
        Assert.Equal(0, TestBlocks.Read(Reader(format, bytes)).Count);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Writer_KnownLength_IsTheLengthWritten(string format)
    {
        var writer = Writer(format, 25);
        var bytes = TestBlocks.Write(writer, TestBlocks.Random(25, 2));
        Assert.Equal(writer.ContentLength(25) ?? bytes.Length, bytes.Length);
        Assert.Equal(format == "npy", writer.ContentLength(25).HasValue);
        Assert.Equal(format, EventFormats.FromFileName($"events{writer.FileExtension}.gz"));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Writer_ManyBlocks_AllocatesNothingPerEvent(string format)
    {
        const int rounds = 5, blocks = 10, events = 200;
        var block = TestBlocks.Random(events, 3);
        var writer = Writer(format, rounds * blocks * events);
        var output = new Sink();

        // What is made on first use, and by the runtime when it compiles a method again, is in some rounds; what is made
        // for each event would be in all.
        var least = Enumerable.Range(0, rounds).Min(_ =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < blocks; i++)
            {
                writer.WriteBlock(block, [], output);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.InRange(least, 0, 1024);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Writer_BlockOfOtherColumns_IsRefused(string format)
    {
        var other = new EventBlock(new SampleSchema([new ColumnSchema("mass", "GeV", "")], []));
        var e = Assert.Throws<ArgumentException>(() => Writer(format, 1).WriteBlock(other, [], new Sink()));
        Assert.StartsWith(
            "The block has the columns mass, expected weight, MET_pt, MET_phi, Jet, nJet, Jet_pt,", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void Reader_PackedSampleFile_IsTheSameInEveryFormat(string format)
    {
        if (Repository.Sample("zz.csv.gz") is not { } path)
        {
            return; // the samples are not here; the excerpts above stand for them
        }

        var sample = DarkMachinesReader.ReadAll(path);
        Assert.Equal(8265, sample.Count); // the table of the samples' README
        var schema = DarkMachinesSchema.Create(sample);
        var block = new EventBlock(schema);
        DarkMachinesSchema.ToBlock(sample, 7000, 1265, block);
        var writer = EventFormats.CreateWriter(format, new EventWriterOptions(schema) { ProcessName = "zz", Count = 1265 });
        TestBlocks.AssertSameBits(block, TestBlocks.Read(Reader(format, TestBlocks.Write(writer, block)), schema), format);
    }

    [Fact]
    public void Formats_UnknownName_ListsTheKnown()
    {
        var e = Assert.Throws<ArgumentException>(() => EventFormats.CreateWriter("root", new EventWriterOptions(TestBlocks.Schema)));
        Assert.StartsWith("Format 'root' not found. Known: jsonl, dm-csv, npy.", e.Message, StringComparison.Ordinal);
    }

    private static IEventWriter Writer(string format, long count) =>
        EventFormats.CreateWriter(format, new EventWriterOptions(TestBlocks.Schema) { ProcessName = "ttbar", Count = count });

    private static EventReader Reader(string format, byte[] bytes) =>
        EventFormats.OpenReader(format, new MemoryStream(bytes), "events");

    private sealed class Sink : System.Buffers.IBufferWriter<byte>
    {
        private readonly byte[] _room = new byte[1 << 17];

        public void Advance(int count)
        {
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _room;

        public Span<byte> GetSpan(int sizeHint = 0) => _room;
    }
}

// Throughput of the event formats on one core, from memory to memory, best of seven runs by processor time:
//   dotnet run -c Release --project benchmarks/EventService.FormatThroughput -- ttbar.csv.gz
using System.Buffers;
using System.IO.Compression;

using EventService.FormatThroughput;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinematics;

if (args.Length != 1)
{
    Console.Error.WriteLine("Expected one argument: a Dark Machines file, such as ttbar.csv.gz.");
    return 2;
}

var text = Unpack(args[0]);
var portion = new EventSample();
Measure("dm-csv read, six digits a number", () => Read(new DarkMachinesReader(new MemoryStream(text), args[0]), text.Length));

// The first events as float32 blocks, as a model yields them: scaled, so that they have more than the six digits of the file; the energies
// of jets are those of their masses.
const int events = 100_000;
var sample = new EventSample();
using (var reader = new DarkMachinesReader(new MemoryStream(text), args[0]))
{
    reader.Read(sample, events);
}

var schema = DarkMachinesSchema.Create(sample);
var blocks = Blocks(sample, schema);
foreach (var format in new[] { DarkMachinesWriter.FormatName, JsonLinesWriter.FormatName, NpyWriter.FormatName })
{
    var output = new CountingWriter(keep: false);
    Measure($"{format} write", () => Write(format, output));
    output = new CountingWriter(keep: true);
    Write(format, output);
    var bytes = output.Kept();
    Measure($"{format} read, full digits", () => Read(EventFormats.OpenReader(format, new MemoryStream(bytes), format), bytes.Length));
}

return 0;

(long Events, long Bytes) Read(EventReader reader, long bytes)
{
    long count = 0;
    using (reader)
    {
        while (reader.Read(portion, 1024))
        {
            count += portion.Count;
            portion.Clear();
        }
    }

    return (count, bytes);
}

(long Events, long Bytes) Write(string format, CountingWriter output)
{
    output.Reset();
    var writer = EventFormats.CreateWriter(
        format, new EventWriterOptions(schema) { ProcessName = sample.ProcessName, Count = sample.Count });
    writer.WriteHeader(output);
    foreach (var block in blocks)
    {
        writer.WriteBlock(block, [], output);
    }

    writer.Finish(output);
    return (sample.Count, output.Count);
}

static EventBlock[] Blocks(EventSample sample, SampleSchema schema)
{
    var blocks = new List<EventBlock>();
    for (var first = 0; first < sample.Count; first += 1024)
    {
        var block = new EventBlock(schema);
        DarkMachinesSchema.ToBlock(sample, first, Math.Min(1024, sample.Count - first), block);
        var ofObjects = block.Collections.SelectMany(c => c.Columns.Zip(c.Schema.Columns)).Where(x => x.Second.Name != "charge");
        foreach (var column in block.Scalars.Concat(ofObjects.Select(x => x.First)))
        {
            foreach (ref var x in column.AsSpan())
            {
                x *= 0.9876543f;
            }
        }

        foreach (var jets in block.Collections.Where(c => c.Schema.Columns.Any(x => x.Name == "mass")))
        {
            for (var i = 0; i < jets.Offsets[block.Count]; i++)
            {
                jets.Columns[3][i] = (float)Energy.OfPtEtaMass(jets.Columns[0][i], jets.Columns[1][i], jets.Columns[4][i]);
            }
        }

        blocks.Add(block);
    }

    return [.. blocks];
}

static byte[] Unpack(string path)
{
    using var unpacked = new MemoryStream();
    using var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
    packed.CopyTo(unpacked);
    return unpacked.ToArray();
}

static void Measure(string what, Func<(long Events, long Bytes)> action)
{
    var best = TimeSpan.MaxValue;
    var amount = (Events: 0L, Bytes: 0L);
    for (var run = 0; run < 7; run++)
    {
        var start = Environment.CpuUsage.TotalTime;
        amount = action();
        var used = Environment.CpuUsage.TotalTime - start;
        best = used < best ? used : best;
    }

    Console.WriteLine(
        $"{what,-32} {amount.Bytes / 1e6,7:F1} MB {amount.Bytes / 1e6 / best.TotalSeconds,6:F0} MB/s "
            + $"{amount.Events / best.TotalSeconds / 1e6,6:F2} M events/s");
}

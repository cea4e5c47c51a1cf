using System.Buffers;
using System.Text;

using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;

namespace EventService.Physics.Tests.Formats;

/// <summary>Events of any schema in every format that holds them.</summary>
public sealed class ColumnFormatTests
{
    [Theory]
    [InlineData("jsonl")]
    [InlineData("npy")]
    public void Read_WhatTheWriterWroteOfAnySchema_IsWhatItWasGiven(string format)
    {
        for (var seed = 0UL; seed < 60; seed++)
        {
            var random = new SplitMix64(seed);
            var schema = RandomEvents.Schema(random);
            RoundTrip(format, schema, RandomEvents.Block(schema, random.Below(40), random), random,
                stream => format == "npy"
                    ? new NpyColumnReader(stream, "body", schema)
                    : new JsonLinesColumnReader(stream, "body", schema));
        }
    }

    [Theory]
    [InlineData("jsonl")]
    [InlineData("npy")]
    public void Read_JetsAndShowersByTheirKind_IsWhatTheWriterWasGiven(string format)
    {
        foreach (var schema in new[] { RandomEvents.Jets, RandomEvents.Showers })
        {
            var random = new SplitMix64(7);
            RoundTrip(format, schema, RandomEvents.Block(schema, 200, random), random,
                stream => EventKind.Of(schema).OpenReader(format, stream, "body", schema));
        }
    }

    [Fact]
    public void ReadJson_HandWrittenJetInAnyOrderWithoutCount_IsRead()
    {
        var sample = Read("jsonl", RandomEvents.Jets, Encoding.UTF8.GetBytes(
            "{\"Constituent_ptrel\":[0.5,0.25],\"mass\":80.4,\"other\":{},\"Constituent_etarel\":[0.1,-0.2],"
            + "\"Constituent_phirel\":[0,1e-3],\"pt\":500,\"eta\":-1.5}"));
        Assert.Equal([500, -1.5, 80.4], sample.Row(0).ToArray());
        Assert.Equal([0, 2], sample.Collections[0].Offsets.ToArray());
        Assert.Equal([0.1, -0.2], sample.Collections[0].Column(0).ToArray());
        Assert.Equal([0, 1e-3], sample.Collections[0].Column(1).ToArray());
        Assert.Equal([0.5, 0.25], sample.Collections[0].Column(2).ToArray());
    }

    [Fact]
    public void WriteJson_Array_IsNestedRowMajor()
    {
        var schema = new SampleSchema([], []) { Arrays = [new("a", "1", "", [2, 1, 3])] };
        var block = new EventBlock(schema);
        block.Resize(1);
        float[] values = [1, 2, 3, 4, 5, 6.5f];
        values.CopyTo(block.ArrayOf(0, 0));
        Assert.Equal("{\"event\":0,\"a\":[[[1,2,3]],[[4,5,6.5]]]}\n", Encoding.UTF8.GetString(Write("jsonl", schema, block)));
    }

    [Fact]
    public void WriteNpy_Array_IsASubArrayOfItsShape()
    {
        var file = Write("npy", RandomEvents.Showers, RandomEvents.Block(RandomEvents.Showers, 2, new SplitMix64(1)));
        Assert.StartsWith(
            "{'descr': [('event', '<i8'), ('incident_energy', '<f4'), ('voxels', '<f4', (3, 4, 5)), ('layers', '<f4', (3,))], "
            + "'fortran_order': False, 'shape': (2,), }",
            Encoding.ASCII.GetString(file.AsSpan(10)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"incident_energy\":1,\"layers\":[1,2,3]}", "field 'voxels' is missing, expected incident_energy, voxels, layers.")]
    [InlineData("{\"incident_energy\":1,\"layers\":[1,2]}", "column 31: a list of layers has 2 entries, expected 3: its shape is (3,).")]
    [InlineData("{\"incident_energy\":1,\"layers\":[1,2,3,4]}",
        "column 31: a list of layers has 4 entries, expected 3: its shape is (3,).")]
    [InlineData("{\"incident_energy\":1,\"layers\":5}", "column 31: layers has '5', expected a list: its shape is (3,).")]
    [InlineData("{\"incident_energy\":1,\"layers\":[1,[2],3]}", "column 34: layers has '[', expected a number.")]
    [InlineData("{\"incident_energy\":1,\"voxels\":[1,2,3]}", "column 32: voxels has '1', expected a list: its shape is (3, 4, 5).")]
    [InlineData("{\"incident_energy\":1,\"layers\":[1,2,1e999]}", "column 36: layers '1e999' is not a finite number.")]
    public void ReadJson_FaultyShower_SaysWhereAndWhy(string line, string message)
    {
        var e = Assert.Throws<DataFormatException>(() => Read("jsonl", RandomEvents.Showers, Encoding.UTF8.GetBytes(line)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"nConstituent\":3,\"Constituent_etarel\":[1,2],\"Constituent_phirel\":[1,2],\"Constituent_ptrel\":[1,2]",
        "nConstituent is 3, but Constituent_etarel has 2 numbers.")]
    [InlineData("\"Constituent_etarel\":[1,2],\"Constituent_phirel\":[1],\"Constituent_ptrel\":[1,2]",
        "Constituent_phirel has 1 numbers, the lists before it 2.")]
    [InlineData("\"Constituent_etarel\":[1,2],\"Constituent_ptrel\":[1,2]", "field 'Constituent_phirel' is missing")]
    [InlineData("\"Constituent_etarel\":1", "Constituent_etarel is '1', expected a list of numbers.")]
    public void ReadJson_FaultyJet_SaysWhereAndWhy(string fields, string message)
    {
        var line = Encoding.UTF8.GetBytes($"{{\"pt\":1,\"eta\":1,\"mass\":1,{fields}}}");
        var e = Assert.Throws<DataFormatException>(() => Read("jsonl", RandomEvents.Jets, line));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("('voxels','<f4',(3,5,4)),('layers','<f4',(3,))", "field 'voxels' has the shape (3, 5, 4), expected (3, 4, 5).")]
    [InlineData("('voxels','<f4',(60,)),('layers','<f4',(3,))", "field 'voxels' has the shape (60,), expected (3, 4, 5).")]
    [InlineData("('voxels','<f4'),('layers','<f4',(3,))",
        "field 'voxels' has the type '<f4' and no shape, expected numbers of little-endian bytes and a shape.")]
    [InlineData("('voxels','<f4',(3,4,5))", "field 'layers' is missing, expected incident_energy, voxels, layers.")]
    public void ReadNpy_FaultyShower_SaysWhereAndWhy(string fields, string message)
    {
        var file = Npy($"('incident_energy','<f8'),{fields},", 1, new byte[8 + (63 * 4)]);
        var e = Assert.Throws<DataFormatException>(() => Read("npy", RandomEvents.Showers, file));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "('nConstituent','<i4'),('Constituent_etarel','<f4',(2,)),('Constituent_phirel','<f4',(3,)),('Constituent_ptrel','<f4',(2,))", 0,
        "field 'Constituent_phirel' has room for 3 numbers, the first field of its collection for 2.")]
    [InlineData(
        "('nConstituent','<i4'),('Constituent_etarel','<f4',(2,)),('Constituent_phirel','<f4',(2,)),('Constituent_ptrel','<f4',(2,))", 3,
        "record 1: nConstituent is 3, expected 0 to 2.")]
    [InlineData(
        "('nConstituent','<f4'),('Constituent_etarel','<f4',(2,)),('Constituent_phirel','<f4',(2,)),('Constituent_ptrel','<f4',(2,))", 0,
        "field 'nConstituent' has the type '<f4', expected one whole number of little-endian bytes.")]
    public void ReadNpy_FaultyJet_SaysWhereAndWhy(string fields, int count, string message)
    {
        byte[] record = [.. new byte[12], .. BitConverter.GetBytes(count), .. new byte[24]];
        var file = Npy($"('pt','<f4'),('eta','<f4'),('mass','<f4'),{fields},", 1, record);
        var e = Assert.Throws<DataFormatException>(() => Read("npy", RandomEvents.Jets, file));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_ANumberThatIsNotFinite_IsNamedWithItsPlace()
    {
        var block = RandomEvents.Block(RandomEvents.Showers, 2, new SplitMix64(1));
        block.ArrayOf(0, 1)[41] = float.NaN;
        var sample = EventSample.For(RandomEvents.Showers);
        var rows = EventKind.Shower.Rows(RandomEvents.Showers);
        var e = Assert.Throws<DataFormatException>(() => rows.Append(sample, block, 0, 2, "block 3"));
        Assert.Contains("block 3, record 2: voxels[41] NaN is not a finite number.", e.Message, StringComparison.Ordinal);
    }

    private static void RoundTrip(string format, SampleSchema schema, EventBlock block, SplitMix64 random, Func<Stream, EventReader> open)
    {
        var sample = EventSample.For(schema);
        using (var reader = open(new MemoryStream(Write(format, schema, block))))
        {
            while (reader.Read(sample, 1 + random.Below(20)))
            {
            }
        }

        var back = new EventBlock(schema);
        ColumnEvents.ToBlock(sample, 0, sample.Count, back);
        RandomEvents.AssertSameBits(block, back);

        // The same numbers as they come through a block.
        sample.Clear();
        new ColumnRows(schema).Append(sample, block, 0, block.Count, "block");
        ColumnEvents.ToBlock(sample, 0, sample.Count, back);
        RandomEvents.AssertSameBits(block, back);
    }

    private static byte[] Write(string format, SampleSchema schema, EventBlock block)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = EventFormats.CreateWriter(format, new EventWriterOptions(schema) { Count = block.Count });
        writer.WriteHeader(output);
        writer.WriteBlock(block, [], output);
        writer.Finish(output);
        return output.WrittenSpan.ToArray();
    }

    private static EventSample Read(string format, SampleSchema schema, byte[] file)
    {
        using var reader = EventKind.Of(schema).OpenReader(format, new MemoryStream(file), "body", schema);
        var sample = EventSample.For(schema);
        while (reader.Read(sample, 64))
        {
        }

        return sample;
    }

    private static byte[] Npy(string fields, int count, byte[] records)
    {
        var header = $"{{'descr': [{fields}], 'fortran_order': False, 'shape': ({count},), }}\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header), .. records];
    }
}

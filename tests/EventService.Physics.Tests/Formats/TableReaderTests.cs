using System.Buffers;
using System.Buffers.Binary;
using System.Text;

using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;

namespace EventService.Physics.Tests.Formats;

/// <summary>Events that are rows of columns, in every format that holds them.</summary>
public sealed class TableReaderTests
{
    private static readonly SampleSchema s_schema = new([new("m_jj", "GeV", ""), new("bdt", "1", "")], []);

    [Theory]
    [InlineData("jsonl")]
    [InlineData("npy")]
    public void Read_WhatTheWriterWrote_IsWhatItWasGiven(string format)
    {
        var random = new SplitMix64(3);
        var block = new EventBlock(s_schema);
        block.Resize(500);
        for (var row = 0; row < 500; row++)
        {
            block.EventNumber[row] = 7L * row;
            block.Scalars[0][row] = (float)(1e4 * random.Uniform());
            block.Scalars[1][row] = (float)(random.Uniform() - 0.5);
        }

        var output = new ArrayBufferWriter<byte>();
        var writer = EventFormats.CreateWriter(format, new EventWriterOptions(s_schema) { Count = 500 });
        writer.WriteHeader(output);
        writer.WriteBlock(block, [], output);
        writer.Finish(output);
        var sample = Read(format, output.WrittenSpan.ToArray());

        Assert.Equal(500, sample.Count);
        for (var row = 0; row < 500; row++)
        {
            Assert.Equal(block.EventNumber[row], sample.EventNumber[row]);
            Assert.Equal(block.Scalars[0][row], (float)sample.Row(row)[0]);
            Assert.Equal(block.Scalars[1][row], (float)sample.Row(row)[1]);
        }
    }

    [Fact]
    public void ReadJson_AnyOrderAndForeignFields_AreAccepted()
    {
        var sample = Read(
            "jsonl", Encoding.UTF8.GetBytes("{\"bdt\":0.25,\"other\":[1,{}],\"m_jj\":91.1876}\n{\"event\":12,\"m_jj\":1,\"bdt\":-1e-3}"));

        Assert.Equal([0, 12], sample.EventNumber.ToArray());
        Assert.Equal([91.1876, 0.25], sample.Row(0).ToArray());
        Assert.Equal([1, -1e-3], sample.Row(1).ToArray());
    }

    [Theory]
    [InlineData("{\"m_jj\":1}", "body, line 1, column 10: field 'bdt' is missing, expected m_jj, bdt.")]
    [InlineData("{\"m_jj\":1,\"m_jj\":2}", "body, line 1, column 11: field 'm_jj' is there twice.")]
    [InlineData("{\"m_jj\":\"1\",\"bdt\":2}", "body, line 1, column 9: m_jj has '1', expected a number.")]
    [InlineData("{\"m_jj\":1e999,\"bdt\":2}", "body, line 1, column 9: m_jj '1e999' is not a finite number.")]
    [InlineData("{\"event\":1.5,\"m_jj\":1,\"bdt\":2}", "body, line 1, column 10: event '1.5' is not a whole number of 64 bits.")]
    [InlineData("[1,2]", "body, line 1, column 1: found '[', expected a JSON object.")]
    [InlineData("{\"m_jj\":1,\"bdt\":2} 3", "body, line 1, column 20: the line is not one JSON object.")]
    public void ReadJson_FaultyLine_SaysWhereAndWhy(string line, string message)
    {
        var e = Assert.Throws<DataFormatException>(() => Read("jsonl", Encoding.UTF8.GetBytes(line)));

        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadNpy_OtherTypesAndForeignFields_AreAccepted()
    {
        byte[] record = [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. BitConverter.GetBytes(0.1)];
        BinaryPrimitives.WriteInt16LittleEndian(record.AsSpan(8), -3);
        var sample = Read("npy", Npy("('name','<U2'),('m_jj','<i2'),('bdt','<f8'),", 1, record));

        Assert.Equal([-3, 0.1], sample.Row(0).ToArray());
        Assert.Equal(0, sample.EventNumber[0]);
    }

    [Theory]
    [InlineData("('m_jj','<f4'),('other','<f4'),", 1, "body: header: field 'bdt' is missing, expected m_jj, bdt.")]
    [InlineData("('m_jj','<f4'),('m_jj','<f4'),('bdt','<f4'),", 1, "body: header: field 'm_jj' is there twice.")]
    [InlineData("('m_jj','<f4',(1,)),('bdt','<f4'),", 1, "body: header: field 'm_jj' has the type '<f4' and a shape, expected one number")]
    [InlineData(
        "('m_jj','>f4'),('bdt','<f4'),", 1, "body: header: field 'm_jj' has the type '>f4', expected one number of little-endian bytes.")]
    [InlineData("('m_jj','<f4'),('bdt','<f4'),", 2, "body, record 2: the file ends within or before this record, 2 are announced.")]
    [InlineData("('m_jj','<f4'),('bdt','<f4'),", 0, "body: header: 0 records are announced, but more bytes follow.")]
    public void ReadNpy_FaultyFile_SaysWhereAndWhy(string fields, int announced, string message)
    {
        var length = fields.Split("<f4").Length + fields.Split(">f4").Length - 2;
        var e = Assert.Throws<DataFormatException>(() => Read("npy", Npy(fields, announced, new byte[4 * length])));

        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadNpy_NumberThatIsNotFinite_NamesRecordAndColumn()
    {
        byte[] record = [.. BitConverter.GetBytes(1f), .. BitConverter.GetBytes(float.NaN)];
        var e = Assert.Throws<DataFormatException>(() => Read("npy", Npy("('m_jj','<f4'),('bdt','<f4'),", 1, record)));

        Assert.Equal("body, record 1: bdt NaN is not a finite number.", e.Message);
    }

    [Fact]
    public void OpenReader_FormatOfWholeEventsForATable_SaysWhatToSend()
    {
        var e = Assert.Throws<NotSupportedException>(() => EventKind.Of(s_schema).OpenReader("dm-csv", Stream.Null, "body", s_schema));

        Assert.Equal(
            "'dm-csv' holds whole collision events, but the model's events have the columns m_jj, bdt. Give them as 'jsonl' or 'npy'.",
            e.Message);
    }

    private static EventSample Read(string format, byte[] file)
    {
        using var reader = EventKind.Of(s_schema).OpenReader(format, new MemoryStream(file), "body", s_schema);
        var sample = EventSample.For(s_schema);
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

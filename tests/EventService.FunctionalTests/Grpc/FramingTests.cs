using System.IO.Compression;
using System.IO.Pipelines;

using EventService.Grpc;
using EventService.Grpc.Framing;
using EventService.Grpc.V1;

using Google.Protobuf;

namespace EventService.FunctionalTests.Grpc;

public sealed class FramingTests
{
    private static readonly GetModelRequest s_message = new() { Name = "ttbar" };

    [Fact]
    public async Task Read_FramesInSinglePieces_AreTheMessages()
    {
        // Field 1, length-delimited, five bytes: protobuf's encoding of name = "ttbar".
        byte[] body = [0, 0, 0, 0, 7, 0x0A, 5, .. "ttbar"u8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0x0A, 1, (byte)'x'];
        var pipe = new Pipe();
        var reader = new MessageReader(pipe.Reader, 100, null);
        var reading = Task.Run(async () =>
        {
            var names = new List<string>();
            while (await reader.ReadAsync(GetModelRequest.Parser, CancellationToken.None) is { } message)
            {
                names.Add(message.Name);
            }

            return names;
        });
        foreach (var b in body)
        {
            await pipe.Writer.WriteAsync(new byte[] { b });
        }

        await pipe.Writer.CompleteAsync();
        Assert.Equal(["ttbar", "", "x"], await reading);
    }

    [Theory]
    [InlineData(StatusCode.ResourceExhausted, "A message has 4294967295 bytes, expected at most 100.", new byte[] { 0, 255, 255, 255, 255 })]
    [InlineData(StatusCode.ResourceExhausted, "A message has 101 bytes, expected at most 100.", new byte[] { 0, 0, 0, 0, 101 })]
    [InlineData(StatusCode.Internal, "The body ends within a message.", new byte[] { 0, 0, 0, 0, 100, 1 })]
    [InlineData(StatusCode.Internal, "The body ends within a message.", new byte[] { 0, 0, 0 })]
    [InlineData(StatusCode.Internal, "A message begins with the byte 71, expected 0 or 1", new byte[] { (byte)'G', (byte)'E', (byte)'T', (byte)' ', (byte)'/' })]
    [InlineData(StatusCode.Internal, "A message is marked as compressed, but the header grpc-encoding names no compression.", new byte[] { 1, 0, 0, 0, 0 })]
    [InlineData(StatusCode.Internal, "A message is not the protobuf that is expected (GetModelRequest)", new byte[] { 0, 0, 0, 0, 2, 0x0A, 5 })]
    public async Task Read_WhatIsNoMessage_SaysWhy(StatusCode status, string sentence, byte[] body)
    {
        var e = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(body, 100, null));
        Assert.Equal(status, e.StatusCode);
        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_ALengthWithoutItsBytes_TakesNoMemory()
    {
        // A gigabyte is announced and allowed, ten bytes come.
        byte[] body = [0, 0x40, 0, 0, 0, 1, 2, 3, 4, 5];
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await Assert.ThrowsAsync<RpcException>(() => ReadAsync(body, int.MaxValue, null));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 100 << 20);
    }

    [Fact]
    public async Task Read_PackedMessage_IsUnpacked() =>
        Assert.Equal(s_message, await ReadAsync(RawCall.Frame(Packed(s_message.ToByteArray()), flag: 1), 100, "gzip"));

    [Fact]
    public async Task Read_MessageThatUnpacksBeyondTheLimit_IsRefused()
    {
        var e = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(RawCall.Frame(Packed(new byte[50_000_000]), flag: 1), 1_000_000, "gzip"));
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
    }

    [Fact]
    public async Task Read_PackedMessageThatIsNoGzip_SaysSo()
    {
        var e = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(RawCall.Frame([1, 2, 3], flag: 1), 100, "gzip"));
        Assert.Equal(StatusCode.Internal, e.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Write_ThenRead_IsTheSame(bool compress)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        MessageFrame.Write(output, s_message, compress);
        Assert.Equal(compress ? 1 : 0, output.WrittenSpan[0]);
        Assert.Equal(s_message, await ReadAsync(output.WrittenSpan.ToArray(), 100, compress ? "gzip" : null));
    }

    // The examples of "gRPC over HTTP/2": a positive integer of at most eight digits and one of six units.
    [Theory]
    [InlineData("1S", 1)]
    [InlineData("100m", 0.1)]
    [InlineData("2M", 120)]
    [InlineData("1H", 3600)]
    [InlineData("5000u", 0.005)]
    [InlineData("99999900n", 0.0999999)]
    public void Timeout_OfAHeader_IsTheTime(string header, double seconds)
    {
        Assert.True(GrpcTimeout.TryParse(header, out var timeout));
        Assert.Equal(seconds, timeout.TotalSeconds, 1e-12);
        Assert.True(GrpcTimeout.TryParse(GrpcTimeout.Format(timeout), out var again));
        Assert.Equal(timeout, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData("-1S")]
    [InlineData("1.5S")]
    [InlineData("123456789S")]
    public void Timeout_OfAnythingElse_IsNone(string header) => Assert.False(GrpcTimeout.TryParse(header, out _));

    [Fact]
    public void Timeout_OfTheLargestTime_FitsIntoEightDigits() => Assert.Matches("^[0-9]{1,8}H$", GrpcTimeout.Format(TimeSpan.MaxValue));

    [Theory]
    [InlineData("plain text, 'quoted'", "plain text, 'quoted'")]
    [InlineData("100 %", "100 %25")]
    [InlineData("Zoë\n", "Zo%C3%AB%0A")]
    [InlineData("t\U0001F600", "t%F0%9F%98%80")]
    public void Message_InATrailer_IsPercentEncoded(string sentence, string trailer)
    {
        Assert.Equal(trailer, StatusMessage.Encode(sentence));
        Assert.Equal(sentence, StatusMessage.Decode(trailer));
    }

    [Fact]
    public void Message_BeyondTheLimit_IsCut()
    {
        var trailer = StatusMessage.Encode(new string('ë', 10_000));
        Assert.InRange(trailer.Length, StatusMessage.LargestLength - 10, StatusMessage.LargestLength);
        Assert.EndsWith("%C3%AB...", trailer, StringComparison.Ordinal);
    }

    private static byte[] Packed(byte[] message)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            gzip.Write(message);
        }

        return packed.ToArray();
    }

    private static async Task<GetModelRequest?> ReadAsync(byte[] body, int largest, string? encoding) =>
        await new MessageReader(PipeReader.Create(new MemoryStream(body)), largest, encoding).ReadAsync(GetModelRequest.Parser, CancellationToken.None);
}

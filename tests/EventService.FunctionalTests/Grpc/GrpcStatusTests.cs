using System.Net;

using EventService.Contracts.V1;
using EventService.Registry.Keys;

using Google.Protobuf;

using Grpc.Core;

using Microsoft.Extensions.DependencyInjection;

namespace EventService.FunctionalTests.Grpc;

[Collection(ServiceCollection.Name)]
public sealed class GrpcStatusTests(RunningService service) : IDisposable
{
    private const string Path = "/eventservice.v1.Events/Generate";

    private readonly HttpClient _rest = service.CreateClient();
    private readonly RawCall _grpc = new(service.GrpcAddress);

    public void Dispose() => _grpc.Dispose();

    public static TheoryData<string, StatusCode, byte[]> Refused { get; } = new()
    {
        { "process=ttbra", StatusCode.NotFound, new GenerateRequest { Process = "ttbra" }.ToByteArray() },
        { "", StatusCode.InvalidArgument, new GenerateRequest().ToByteArray() },
        { "process=ttbar&n=0", StatusCode.InvalidArgument, new GenerateRequest { Process = "ttbar", N = 0 }.ToByteArray() },
        { "process=ttbar&n=3000000", StatusCode.InvalidArgument, new GenerateRequest { Process = "ttbar", N = 3_000_000 }.ToByteArray() },
        { "process=ttbar&first=-1", StatusCode.InvalidArgument, new GenerateRequest { Process = "ttbar", First = -1 }.ToByteArray() },
        { "process=ttbar&columns=Jets", StatusCode.InvalidArgument, new GenerateRequest { Process = "ttbar", Columns = { "Jets" } }.ToByteArray() },
        { "process=ttbar&cut=MET", StatusCode.InvalidArgument, new GenerateRequest { Process = "ttbar", Cut = "MET" }.ToByteArray() },
        { "process=ttbar&mGluino=1", StatusCode.InvalidArgument, new GenerateRequest { Process = "ttbar", Condition = { ["mGluino"] = 1 } }.ToByteArray() },
        { "process=gluino", StatusCode.InvalidArgument, new GenerateRequest { Process = "gluino" }.ToByteArray() },
        { "process=gluino&mGluino=3000", StatusCode.FailedPrecondition, new GenerateRequest { Process = "gluino", Condition = { ["mGluino"] = 3000 } }.ToByteArray() },
        { "process=zjets&logDensity=true", StatusCode.FailedPrecondition, new GenerateRequest { Process = "zjets", LogDensity = true }.ToByteArray() },
        { "process=ttbar&numerics=cuda-fp32-v1", StatusCode.FailedPrecondition, new GenerateRequest { Process = "ttbar", Numerics = "cuda-fp32-v1" }.ToByteArray() },
        { "process=ttbar&version=9", StatusCode.NotFound, new GenerateRequest { Process = "ttbar", Version = 9 }.ToByteArray() },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Generate_WhatCannotBe_HasTheSentenceOfRest(string query, StatusCode status, byte[] request)
    {
        using var rest = await _rest.PostAsync($"/generate?{query}", null);
        Assert.False(rest.IsSuccessStatusCode);
        var sentence = System.Text.Json.JsonElement.Parse(await rest.Content.ReadAsStringAsync()).GetProperty("detail").GetString();
        var answer = await _grpc.SendAsync(Path, RawCall.Frame(request));
        Assert.Equal((status, sentence), (answer.Status, answer.Sentence));
        Assert.Empty(answer.Messages);
        Assert.Equal(HttpStatusCode.OK, answer.Http);
    }

    [Fact]
    public async Task Generate_ConditionNamedLikeAField_IsRefused()
    {
        var answer = await _grpc.SendAsync(Path, new GenerateRequest { Process = "ttbar", Condition = { ["n"] = 5 } });
        Assert.Equal((StatusCode.InvalidArgument, "'n' is given as a condition, but it is a field of the request."), (answer.Status, answer.Sentence));
    }

    [Theory]
    [InlineData("/eventservice.v1.Events/Explode", "Method is unimplemented.")]
    [InlineData("/nowhere.Service/Method", "Service is unimplemented.")]
    public async Task Call_UnknownMethod_IsUnimplemented(string path, string sentence)
    {
        var answer = await _grpc.SendAsync(path, []);
        Assert.Equal((StatusCode.Unimplemented, sentence), (answer.Status, answer.Sentence));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpcs")]
    public async Task Call_OtherContentType_Is415(string type)
    {
        using var response = await _grpc.OpenAsync(Path, [], CancellationToken.None, ("content-type", type));
        await Problem.ExpectAsync(response, 415, $"Content-Type is '{type}', expected 'application/grpc'");
    }

    [Fact]
    public async Task Call_OverHttp11_IsAnsweredInWords()
    {
        using var content = new ByteArrayContent([]);
        content.Headers.ContentType = new("application/grpc");
        using var response = await _rest.PostAsync(Path, content);
        await Problem.ExpectAsync(response, 426, "The call came over HTTP/1.1, expected HTTP/2. gRPC in clear text has a port of its own (GrpcPort, ");
    }

    [Fact]
    public async Task Call_GarbageForAMessage_IsInternal()
    {
        var answer = await _grpc.SendAsync(Path, "GET / HTTP/1.1\r\n\r\n"u8.ToArray());
        Assert.Equal(StatusCode.Internal, answer.Status);
        Assert.Equal("A message cannot be read: Unexpected compressed flag value in message header.", answer.Sentence);
    }

    [Theory]
    [InlineData("/eventservice.v1.Events/Generate")]
    [InlineData("/eventservice.v1.Events/Density")]
    [InlineData("/eventservice.v1.Models/GetModel")]
    public async Task Call_OtherBytesThanTheMessage_IsInternalAndSaysSo(string path)
    {
        var answer = await _grpc.SendAsync(path, RawCall.Frame([0xFF, 0xFF, 0xFF, 0xFF]));
        Assert.Equal(StatusCode.Internal, answer.Status);
        Assert.StartsWith("A message is not the protobuf that is expected: ", answer.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_NoMessageOrTwo_IsRefused()
    {
        var one = RawCall.Frame(new GenerateRequest { Process = "ttbar" }.ToByteArray());
        var none = await _grpc.SendAsync(Path, []);
        Assert.Equal((StatusCode.Internal, "Incomplete message."), (none.Status, none.Sentence));
        var two = await _grpc.SendAsync(Path, [.. one, .. one]);
        Assert.Equal((StatusCode.Internal, "Additional data after the message received."), (two.Status, two.Sentence));
    }

    [Theory]
    [InlineData(Path, false)]
    [InlineData(Path, true)]
    [InlineData("/eventservice.v1.Events/Density", false)]
    [InlineData("/eventservice.v1.Events/Density", true)]
    public async Task Call_MessageBeyondTheLimit_IsResourceExhausted(string path, bool packed)
    {
        // The process of either request is its field 1. Packed, these are a few thousand bytes.
        var message = new GenerateRequest { Process = new string('x', 5 << 20) }.ToByteArray();
        var body = packed ? RawCall.Frame(Packed(message), flag: 1) : RawCall.Frame(message);
        var answer = await _grpc.SendAsync(path, body, ("grpc-encoding", "gzip"));
        Assert.Equal(StatusCode.ResourceExhausted, answer.Status);
        Assert.StartsWith("A message is too long, expected at most 4194304 bytes.", answer.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Path)]
    [InlineData("/eventservice.v1.Events/Density")]
    public async Task Call_MessageBeyondAllLimits_IsResourceExhausted(string path)
    {
        var answer = await _grpc.SendAsync(path, [0, 0xFF, 0xFF, 0xFF, 0xFF]);
        Assert.Equal(StatusCode.ResourceExhausted, answer.Status);
        Assert.Equal("Message too large: 4294967295 bytes. Send smaller blocks. Is this gRPC?", answer.Sentence);
    }

    [Fact]
    public async Task Call_DamagedGzip_IsInternal()
    {
        var answer = await _grpc.SendAsync(Path, RawCall.Frame([1, 2, 3, 4], flag: 1), ("grpc-encoding", "gzip"));
        Assert.Equal(StatusCode.Internal, answer.Status);
        Assert.StartsWith("A message cannot be read: ", answer.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("30")]
    [InlineData("1s")]
    public async Task Call_TimeoutThatIsNone_IsNotRead(string timeout)
    {
        var answer = await _grpc.SendAsync(Path, new GenerateRequest { Process = "ttbar" }, ("grpc-timeout", timeout));
        Assert.Equal(StatusCode.OK, answer.Status);
    }

    [Fact]
    public async Task Call_UnknownCompression_IsUnimplementedAndTheKnownOnesAreNamed()
    {
        var body = RawCall.Frame(new GenerateRequest { Process = "ttbar" }.ToByteArray(), flag: 1);
        var answer = await _grpc.SendAsync(Path, body, ("grpc-encoding", "snappy"));
        Assert.Equal(StatusCode.Unimplemented, answer.Status);
        Assert.Equal("identity,gzip", answer.Headers["grpc-accept-encoding"]);
    }

    [Theory]
    [InlineData("gzip", "identity,gzip", 1)]
    [InlineData("gzip", "identity,deflate", 0)]
    [InlineData("identity", "identity,gzip", 0)]
    public async Task Call_Compression_IsThatOfTheRequestIfTheClientReadsIt(string encoding, string accepted, byte flag)
    {
        var request = new GenerateRequest { Process = "ttbar", Seed = 3, N = 500 };
        var plain = await _grpc.SendAsync(Path, request);
        var answer = await _grpc.SendAsync(Path, request, ("grpc-encoding", encoding), ("grpc-accept-encoding", accepted));
        var named = accepted.Contains("gzip", StringComparison.Ordinal) ? "gzip" : null;
        Assert.Equal(named, answer.Headers.GetValueOrDefault("grpc-encoding"));
        Assert.All(answer.Messages, m => Assert.Equal(flag, m.Flag));
        Assert.Equal(MissingEnergies(plain.Messages.Select(m => m.Message)), MissingEnergies(answer.Messages.Select(m => flag == 1 ? Unpacked(m.Message) : m.Message)));
    }

    [Fact]
    public async Task Call_FullServer_IsUnavailableAndSaysWhenToComeAgain()
    {
        using var full = new RunningService(workers: 1, settings: ("QueueLength", "0"));
        full.CreateClient();
        using var grpc = new RawCall(full.GrpcAddress);
        var answer = await grpc.SendAsync(Path, new GenerateRequest { Process = "ttbar" });
        Assert.Equal(StatusCode.Unavailable, answer.Status);
        Assert.InRange(int.Parse(answer.Ending("grpc-retry-pushback-ms")), 1, 60_000);
    }

    [Fact]
    public async Task Call_Keys_AreThoseOfRest()
    {
        using var closed = new RunningService(workers: 1, settings: ("AnonymousScopes", "none"));
        closed.CreateClient();
        var store = closed.Services.GetRequiredService<KeyStore>();
        var (reader, _) = await store.CreateAsync(new CreateKeyRequest("reader", "read"), "tests");
        var (generator, _) = await store.CreateAsync(new CreateKeyRequest("generator", "generate"), "tests");
        async Task<RawAnswer> AskAsync(string? key)
        {
            using var grpc = new RawCall(closed.GrpcAddress, key);
            return await grpc.SendAsync(Path, new GenerateRequest { Process = "ttbar", N = 3 });
        }

        var none = await AskAsync(null);
        Assert.Equal(StatusCode.Unauthenticated, none.Status);
        Assert.StartsWith("No key is given", none.Sentence, StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unauthenticated, (await AskAsync("esk_nobody")).Status);
        Assert.Equal(StatusCode.PermissionDenied, (await AskAsync(reader)).Status);
        Assert.Equal(StatusCode.OK, (await AskAsync(generator)).Status);
    }

    /// <summary>The bytes of the column MET_pt, whatever the blocks it came in.</summary>
    private static byte[] MissingEnergies(IEnumerable<byte[]> messages) =>
        [.. messages.Select(m => GenerateResponse.Parser.ParseFrom(m).Block).Where(b => b is not null).SelectMany(b => b.Scalars[1].ToByteArray())];

    private static byte[] Packed(byte[] message)
    {
        using var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest))
        {
            gzip.Write(message);
        }

        return packed.ToArray();
    }

    private static byte[] Unpacked(byte[] packed)
    {
        using var unpacked = new MemoryStream();
        using var gzip = new System.IO.Compression.GZipStream(new MemoryStream(packed), System.IO.Compression.CompressionMode.Decompress);
        gzip.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}

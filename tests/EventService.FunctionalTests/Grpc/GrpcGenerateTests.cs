using System.Runtime.InteropServices;
using System.Text.Json;

using EventService.Contracts.V1;
using EventService.FunctionalTests.Models;

using Grpc.Core;

namespace EventService.FunctionalTests.Grpc;

[Collection(ServiceCollection.Name)]
public sealed class GrpcGenerateTests : IDisposable
{
    private const string Path = "/eventservice.v1.Events/Generate";

    private readonly HttpClient _rest;
    private readonly RawCall _grpc;

    public GrpcGenerateTests(RunningService service)
    {
        _rest = service.CreateClient();
        _grpc = new RawCall(service.GrpcAddress);
    }

    public void Dispose() => _grpc.Dispose();

    [Theory]
    [InlineData("process=ttbar&seed=18446744073709551615&n=3000&first=77&logDensity=true")]
    [InlineData("process=ttbar&seed=1&n=1&columns=MET_phi,nElectron,Jet_energy,Jet_pt")]
    [InlineData("process=gluino&seed=5&n=700&mGluino=1400.1")]
    public async Task Generate_Columns_AreTheBitsOfRest(string query)
    {
        var npy = new NpyTable(await _rest.PostForBytesAsync($"/generate?{query}&format=npy"));
        var answer = await _grpc.SendAsync(Path, Request(query));

        Assert.Equal(StatusCode.OK, answer.Status);
        var (start, blocks, end) = Read(answer);
        Assert.Equal(npy.Count, end.Events);
        Assert.Equal(npy.Count, blocks.Sum(b => b.Block.Count));
        var row = 0;
        foreach (var (block, next) in blocks)
        {
            var numbers = Column<long>(block.EventNumber);
            for (var k = 0; k < block.Count; k++, row++)
            {
                Assert.Equal(npy.Number(row, "event"), numbers[k]);
                for (var s = 0; s < start.Schema.Scalars.Count; s++)
                {
                    Same(npy.Number(row, start.Schema.Scalars[s].Name), Column<float>(block.Scalars[s])[k]);
                }

                for (var c = 0; c < start.Schema.Collections.Count; c++)
                {
                    var collection = start.Schema.Collections[c];
                    var offsets = Column<int>(block.Collections[c].Offsets);
                    Assert.Equal(npy.Number(row, $"n{collection.Name}"), offsets[k + 1] - offsets[k]);
                    for (var x = 0; x < collection.Columns.Count; x++)
                    {
                        var values = Column<float>(block.Collections[c].Columns[x]);
                        for (var i = offsets[k]; i < offsets[k + 1]; i++)
                        {
                            Same(npy.Number(row, $"{collection.Name}_{collection.Columns[x].Name}", i - offsets[k]), values[i]);
                        }
                    }
                }

                if (query.Contains("logDensity", StringComparison.Ordinal))
                {
                    Assert.Equal(BitConverter.DoubleToInt64Bits(npy.Number(row, "logDensity")), BitConverter.DoubleToInt64Bits(Column<double>(block.LogDensity)[k]));
                }
                else
                {
                    Assert.True(block.LogDensity.IsEmpty);
                }
            }

            Assert.Equal(numbers[^1] + 1, next);
        }

        // Every field of the file is one of the columns.
        Assert.Equal(npy.Fields.Where(f => f is not ("event" or "logDensity")),
            start.Schema.Scalars.Select(s => s.Name).Concat(start.Schema.Collections.SelectMany(c => c.Columns.Select(x => $"{c.Name}_{x.Name}").Prepend($"n{c.Name}"))));
    }

    [Fact]
    public async Task Generate_Cut_KeepsTheEventsOfRestAndSaysHowFarItIs()
    {
        const string query = "process=ttbar&n=10k&seed=1&first=40&cut=nJet>=4,MET_pt>80";
        var lines = (await _rest.PostForTextAsync($"/generate?{query}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var (_, blocks, end) = Read(await _grpc.SendAsync(Path, Request(query)));

        Assert.Equal(lines.Select(l => JsonElement.Parse(l).GetProperty("event").GetInt64()), blocks.SelectMany(b => Column<long>(b.Block.EventNumber).ToArray()));
        Assert.InRange(lines.Length, 1, 9999);
        Assert.Equal(lines.Length, end.Events);
        Assert.Equal(10_000, end.Generated);
        Assert.Equal(10_040, blocks[^1].Next);
        Assert.All(blocks, b => Assert.All(Column<long>(b.Block.EventNumber).ToArray(), e => Assert.True(e < b.Next)));
        Assert.Equal(blocks.Select(b => b.Next).Order(), blocks.Select(b => b.Next));
    }

    [Fact]
    public async Task Generate_Receipt_IsThatOfRestAtBothEnds()
    {
        const string query = "process=gluino&mGluino=1400.5&seed=18446744073709551615&first=10&n=20&lumi=3&columns=Jet_pt,MET_pt";
        using var rest = await _rest.PostAsync($"/generate?{query}", null);
        var expected = rest.Headers.GetValues("EventService-Receipt").Single().Replace("\"jsonl\"", "\"grpc\"", StringComparison.Ordinal);
        var answer = await _grpc.SendAsync(Path, Request(query));
        var (start, _, end) = Read(answer);

        Assert.Equal(expected, start.Receipt.Json);
        Assert.Equal(expected, answer.Trailers["eventservice-receipt"]);
        Assert.Equal(start.Receipt, end.Receipt);
        Assert.Equal("18446744073709551615", answer.Headers["eventservice-seed"]);
        Assert.Equal(rest.Headers.GetValues("EventService-Model-Sha256").Single(), answer.Headers["eventservice-model-sha256"]);
        Assert.Equal(
            new Receipt
            {
                Process = "gluino",
                Model = "gluino-analytic",
                Version = 1,
                Sha256 = answer.Headers["eventservice-model-sha256"],
                Seed = ulong.MaxValue,
                First = 10,
                N = 20,
                Condition = { ["mGluino"] = 1400.5 },
                Numerics = "cpu-fp32-v2",
                ServiceVersion = start.Receipt.ServiceVersion,
                Columns = { "Jet_pt", "MET_pt" },
                CrossSectionPb = TestModels.CrossSectionPb,
                SelectionEfficiency = TestModels.Efficiency,
                Acceptance = 1,
                Lumi = 3,
                ExpectedEvents = TestModels.CrossSectionPb * TestModels.Efficiency * 3 * 1000,
                EventNormalisation = TestModels.CrossSectionPb * TestModels.Efficiency * 3 * 1000 / 20,
                Json = expected,
            },
            start.Receipt);
    }

    [Fact]
    public async Task Generate_ManyEvents_ComeInMessagesThatClientsTake()
    {
        var answer = await _grpc.SendAsync(Path, new GenerateRequest { Process = "ttbar", N = 200_000 });
        Assert.Equal(StatusCode.OK, answer.Status);
        Assert.All(answer.Messages, m => Assert.InRange(m.Message.Length, 0, 1 << 21));
        Assert.Equal(200_000, Read(answer).Blocks.Sum(b => b.Block.Count));
    }

    [Fact]
    public async Task Generate_FailureMidStream_EndsWithAStatusAndNoEnd()
    {
        var answer = await _grpc.SendAsync(Path, new GenerateRequest { Process = "failing", N = 200_000 });
        Assert.Equal(StatusCode.Internal, answer.Status);
        Assert.StartsWith("Event 3", answer.Sentence, StringComparison.Ordinal);
        Assert.NotEmpty(answer.Messages);
        Assert.All(answer.Messages, m => Assert.NotEqual(GenerateResponse.PartOneofCase.End, GenerateResponse.Parser.ParseFrom(m.Message).PartCase));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Generate_ClientOrDeadlineEndsTheCall_TheWorkEnds(bool byDeadline)
    {
        var seed = byDeadline ? 3003UL : 3004;
        var request = RawCall.Frame(Google.Protobuf.MessageExtensions.ToByteArray(new GenerateRequest { Process = "slow", N = 1_000_000, Seed = seed }));
        if (byDeadline)
        {
            var answer = await _grpc.SendAsync(Path, request, ("grpc-timeout", "2S"));
            Assert.Equal(StatusCode.DeadlineExceeded, answer.Status);
        }
        else
        {
            using var response = await _grpc.OpenAsync(Path, request, CancellationToken.None);
            await TestModels.SlowEventsBegunAsync(seed);
        }

        // At least 1954 chunks of 20 ms in all; after the end only those in flight may still begin.
        Assert.InRange(await TestModels.SlowEventsAtRestAsync(seed), 1, 500_000);
    }

    [Fact]
    public async Task Generate_DeadlineWhileTheConnectionIsFull_ResetsTheStreamAndEndsTheWork()
    {
        const ulong seed = 3005;
        var request = RawCall.Frame(Google.Protobuf.MessageExtensions.ToByteArray(new GenerateRequest { Process = "slow", N = 1_000_000, Seed = seed }));
        using var response = await _grpc.OpenAsync(Path, request, CancellationToken.None, ("grpc-timeout", "1S"));

        // Nothing is read before the end: what fits on the way is far less than a second's events.
        Assert.InRange(await TestModels.SlowEventsAtRestAsync(seed), 1, 500_000);
        await Task.Delay(1000);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Generate_ClientTakesNothingForTooLong_IsCutOffAndGivesItsPlaceBack()
    {
        using var impatient = new RunningService(workers: 1, settings: [("StallSeconds", "1"), ("QueueLength", "1")]);
        impatient.StartServer();
        using var grpc = new RawCall(impatient.GrpcAddress);
        var request = RawCall.Frame(Google.Protobuf.MessageExtensions.ToByteArray(new GenerateRequest { Process = "ttbar", N = 2_000_000 }));
        using var response = await grpc.OpenAsync(Path, request, CancellationToken.None);

        // There is room for one stream: another gets in once this one is out.
        Task<RawAnswer> AnotherAsync() => grpc.SendAsync(Path, new GenerateRequest { Process = "ttbar", N = 2000 });
        var another = await AnotherAsync();
        Assert.Equal(StatusCode.Unavailable, another.Status);
        for (var i = 0; i < 300 && another.Status != StatusCode.OK; i++)
        {
            await Task.Delay(100);
            another = await AnotherAsync();
        }

        Assert.Equal(StatusCode.OK, another.Status);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsByteArrayAsync());
    }

    private static GenerateRequest Request(string query)
    {
        var request = new GenerateRequest();
        foreach (var (name, value) in query.Split('&').Select(p => (p[..p.IndexOf('=', StringComparison.Ordinal)], p[(p.IndexOf('=', StringComparison.Ordinal) + 1)..])))
        {
            switch (name)
            {
                case "process": request.Process = value; break;
                case "seed": request.Seed = ulong.Parse(value); break;
                case "n": request.N = long.Parse(value.Replace("k", "000", StringComparison.Ordinal)); break;
                case "first": request.First = long.Parse(value); break;
                case "logDensity": request.LogDensity = bool.Parse(value); break;
                case "columns": request.Columns.Add(value.Split(',')); break;
                case "cut": request.Cut = value; break;
                case "lumi": request.Lumi = double.Parse(value); break;
                default: request.Condition.Add(name, double.Parse(value)); break;
            }
        }

        return request;
    }

    private static (GenerateStart Start, List<(EventColumns Block, long Next)> Blocks, GenerateEnd End) Read(RawAnswer answer)
    {
        Assert.True(answer.Status == StatusCode.OK, answer.Sentence);
        var messages = answer.Messages.Select(m => GenerateResponse.Parser.ParseFrom(m.Message)).ToArray();
        return (messages[0].Start, [.. messages[1..^1].Select(m => (m.Block, m.Next))], messages[^1].End);
    }

    private static ReadOnlySpan<T> Column<T>(Google.Protobuf.ByteString bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes.Span);

    private static void Same(double expected, float found) => Assert.Equal(BitConverter.SingleToInt32Bits((float)expected), BitConverter.SingleToInt32Bits(found));
}

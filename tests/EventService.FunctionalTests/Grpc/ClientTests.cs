using System.Runtime.InteropServices;

using EventService.Client;
using EventService.Contracts.V1;
using EventService.FunctionalTests.Models;
using EventService.Registry.Keys;

using Google.Protobuf;

using Grpc.Core;

using Microsoft.Extensions.DependencyInjection;

namespace EventService.FunctionalTests.Grpc;

[Collection(ServiceCollection.Name)]
public sealed class ClientTests : IDisposable
{
    private static readonly EventServiceClientOptions s_quick = new() { FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(20) };

    private readonly RunningService _service;
    private readonly HttpClient _rest;
    private readonly EventServiceClient _client;

    public ClientTests(RunningService service)
    {
        _service = service;
        _rest = service.CreateClient();
        _client = new EventServiceClient(service.GrpcAddress, s_quick);
    }

    public void Dispose() => _client.Dispose();

    [Theory]
    [InlineData(1, "", false)]
    [InlineData(2, "", true)]
    [InlineData(3, "nJet>=4,MET_pt>60", false)]
    [InlineData(4, "nJet>=4,MET_pt>60", true)]
    public async Task Generate_ConnectionCutAtRandomPlaces_GivesEachEventOnce(int seed, string cut, bool reuseBlocks)
    {
        const int n = 30_000;
        var query = $"/generate?process=ttbar&seed=9&first=5&n={n}&format=jsonl{(cut.Length > 0 ? "&cut=" + cut : "")}";
        var expected = (await _rest.PostForTextAsync(query)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => System.Text.Json.JsonElement.Parse(l)).Select(e => (e.GetProperty("event").GetInt64(), e.GetProperty("MET_pt").GetSingle())).ToArray();

        // From within the first headers to within a late block. A linear congruential generator, numbers of Knuth.
        var state = (ulong)seed;
        var lengths = Enumerable.Range(0, 12).Select(i => (int)((state = (state * 6364136223846793005) + 1442695040888963407) >> 33) % (i < 3 ? 2_000 : 100_000)).ToArray();
        await using var proxy = new CuttingProxy(_service.GrpcAddress, lengths);
        using var client = new EventServiceClient(proxy.Address, s_quick with { Retries = 12, ReuseBlocks = reuseBlocks });
        using var stream = await client.GenerateAsync(new GenerateRequest { Process = "ttbar", Seed = 9, First = 5, N = n, Cut = cut });
        var found = new List<(long, float)>();
        await foreach (var block in stream.ReadAllAsync())
        {
            for (var k = 0; k < block.Count; k++)
            {
                found.Add((block.EventNumbers()[k], block.Scalar(1)[k]));
            }
        }

        Assert.Equal(expected, found);
        Assert.Equal(expected.Length, stream.Events);
        Assert.Equal(n, stream.Receipt.N);
        Assert.Equal(n + 5, stream.Next);
        Assert.True(proxy.Cuts > 3 && stream.Resumptions > 0, $"{proxy.Cuts} cuts, {stream.Resumptions} resumptions");
    }

    [Fact]
    public async Task Generate_WithoutSeed_ResumesTheSeedThatWasDrawn()
    {
        var server = new ScriptedServer(new ScriptedAnswer(null, Start(), Block(0, 3)), new ScriptedAnswer(StatusCode.OK, Start(first: 3, n: 7), Block(3, 10), End(7, 7)));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), await ReadAsync(server));

        var first = GenerateRequest.Parser.ParseFrom(server.Requests[0].AsSpan(5));
        var second = GenerateRequest.Parser.ParseFrom(server.Requests[1].AsSpan(5));
        Assert.False(first.HasSeed);
        Assert.Equal(new GenerateRequest { Process = "p", Model = "m", Version = 4, Seed = 77, First = 3, N = 7, Numerics = "cpu-fp32-v2" }, second);
    }

    public static TheoryData<string, StatusCode, string, object[]> Broken { get; } = new()
    {
        { "another file", StatusCode.FailedPrecondition, "The stream cannot be resumed: it began with model aa,", [Break(Start(), Block(0, 3)), Well(Start(sha: "bb"), Block(3, 10), End(7, 7))] },
        { "another arithmetic", StatusCode.FailedPrecondition, "The stream cannot be resumed: it began with model aa,", [Break(Start(), Block(0, 3)), Well(Start(numerics: "cpu-fp32-v3"), Block(3, 10), End(7, 7))] },
        { "another seed", StatusCode.FailedPrecondition, "The stream cannot be resumed: it began with model aa,", [Break(Start(), Block(0, 3)), Well(Start(seed: 78), Block(3, 10), End(7, 7))] },
        { "a block again", StatusCode.DataLoss, "A block of 3 events says that 3 is next, expected one of the events from 3 to 10.", [Well(Start(), Block(0, 3), Block(0, 3))] },
        { "more than asked for", StatusCode.DataLoss, "A block of 11 events says that 11 is next, expected one of the events from 0 to 10.", [Well(Start(), Block(0, 11))] },
        { "an end too early", StatusCode.DataLoss, "The stream ends at event 3, expected 10.", [Well(Start(), Block(0, 3), End(3, 3))] },
        { "no end", StatusCode.Unavailable, "The stream ends without an end that says so.", [Well(Start(), Block(0, 3)), Well(Start())] },
        { "always away", StatusCode.Unavailable, "", [new ScriptedAnswer(StatusCode.Unavailable)] },
        { "refused", StatusCode.InvalidArgument, "n is zero", [new ScriptedAnswer(StatusCode.InvalidArgument) { Trailers = [("grpc-message", "n is zero")] }] },
        { "a failing event", StatusCode.Internal, "50 %", [new ScriptedAnswer(StatusCode.Internal, Start(), Block(0, 3)) { Trailers = [("grpc-message", "50 %25")] }] },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task Generate_WhatCannotGoOn_FailsAndNeverPassesForComplete(string what, StatusCode status, string sentence, object[] answers)
    {
        var server = new ScriptedServer([.. answers.Cast<ScriptedAnswer>()]);
        var e = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(server));
        Assert.True(e.StatusCode == status && e.Status.Detail.StartsWith(sentence, StringComparison.Ordinal), $"{what}: {e.Message}");

        // A refusal is asked for once, an absence as often as allowed: 3 times again, each new event beginning anew.
        Assert.Equal(what switch { "always away" => 4, "no end" => 4, _ => answers.Length }, server.Requests.Count);
    }

    [Fact]
    public async Task Generate_ServerSaysWhenToComeAgain_IsBelieved()
    {
        var server = new ScriptedServer(
            new ScriptedAnswer(StatusCode.ResourceExhausted) { Trailers = [("grpc-retry-pushback-ms", "7")] },
            new ScriptedAnswer(StatusCode.Unavailable),
            new ScriptedAnswer(StatusCode.OK, Start(), Block(0, 10), End(10, 10)));
        var pauses = new List<TimeSpan>();
        Assert.Equal(10, (await ReadAsync(server, pauses)).Count);
        Assert.Equal([TimeSpan.FromMilliseconds(7), TimeSpan.FromMilliseconds(2)], pauses);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Generate_AllColumns_AreThoseOfTheMessages(bool reuseBlocks)
    {
        var request = new GenerateRequest { Process = "ttbar", Seed = 8, N = 3000, LogDensity = true };
        using var raw = new RawCall(_service.GrpcAddress);
        var answer = await raw.SendAsync("/eventservice.v1.Events/Generate", request);
        var messages = answer.Messages.Select(m => GenerateResponse.Parser.ParseFrom(m.Message));
        using var client = new EventServiceClient(_service.GrpcAddress, s_quick with { ReuseBlocks = reuseBlocks });
        using var stream = await client.GenerateAsync(request);
        var found = await stream.ReadAllAsync().Select(b => b.Clone()).Select(Columns).ToListAsync();
        Assert.Equal(Joined(messages.Where(m => m.Block is not null).Select(m => Columns(m.Block))), Joined(found));

        static byte[][] Columns(EventColumns b) =>
            [.. new[] { b.EventNumber, b.LogDensity }.Concat(b.Scalars)
                .Concat(b.Collections.SelectMany(c => c.Columns)).Select(c => c.ToByteArray())];

        // Blocks are cut as the server likes: their columns are compared as wholes.
        static byte[][] Joined(IEnumerable<byte[][]> blocks) =>
            [.. blocks.Aggregate((a, b) => [.. a.Zip(b, (x, y) => (byte[])[.. x, .. y])])];
    }

    [Fact]
    public async Task Generate_BlockWithAFieldThatIsNotKnown_IsReadAllTheSame()
    {
        // Field 15, a varint, in the message and in its block: as a later version of the server may have it.
        byte[] later = [15 << 3, 1];
        var block = Block(0, 10);
        block.Block.MergeFrom(later);
        block.MergeFrom(later);
        var server = new ScriptedServer(new ScriptedAnswer(StatusCode.OK, Start(), block, End(10, 10)));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (long)i), await ReadAsync(server, reuseBlocks: true));
    }

    [Fact]
    public async Task Generate_LastWordsMissing_IsCompleteAllTheSame() =>
        Assert.Equal(10, (await ReadAsync(new ScriptedServer(new ScriptedAnswer(null, Start(), Block(0, 10))))).Count);

    [Fact]
    public async Task Generate_Deadline_EndsTheStream()
    {
        using var client = new EventServiceClient(_service.GrpcAddress, s_quick with { Timeout = TimeSpan.FromMilliseconds(700) });
        using var stream = await client.GenerateAsync(new GenerateRequest { Process = "slow", N = 1_000_000 });
        var e = await Assert.ThrowsAsync<RpcException>(async () => await DrainAsync(stream, CancellationToken.None));
        Assert.Equal(StatusCode.DeadlineExceeded, e.StatusCode);
    }

    [Fact]
    public async Task Generate_Cancelled_EndsTheWorkAtTheServer()
    {
        const ulong seed = 3005;
        using var cancel = new CancellationTokenSource();
        using var stream = await _client.GenerateAsync(new GenerateRequest { Process = "slow", N = 1_000_000, Seed = seed });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in stream.ReadAllAsync(cancel.Token))
            {
                await cancel.CancelAsync();
            }
        });

        // A million events take tens of seconds; after the end only chunks in flight may still begin.
        Assert.InRange(await TestModels.SlowEventsAtRestAsync(seed), 1, 500_000);
    }

    [Fact]
    public async Task Density_BlockByBlock_AnswersEachBeforeTheNextIsSent()
    {
        var asked = 0L;
        var answered = 0L;
        async IAsyncEnumerable<EventColumns> Blocks()
        {
            using var stream = await _client.GenerateAsync(new GenerateRequest { Process = "ttbar", Seed = 4, N = 3000, LogDensity = true });
            await foreach (var block in stream.ReadAllAsync())
            {
                asked += block.Count;
                yield return block;
                for (var i = 0; i < 1000 && Interlocked.Read(ref answered) < asked; i++)
                {
                    await Task.Delay(10);
                }

                Assert.Equal(asked, Interlocked.Read(ref answered));
            }
        }

        var found = new List<double>();
        await foreach (var densities in _client.DensityAsync(new DensityStart { Process = "ttbar" }, Blocks()))
        {
            found.AddRange(densities.LogDensities());
            Interlocked.Add(ref answered, densities.Count);
        }

        var npy = new NpyTable(await _rest.PostForBytesAsync("/generate?process=ttbar&seed=4&n=3000&format=npy&logDensity=true&columns=weight"));
        Assert.Equal(3000, found.Count);
        // Six digits of float32 in each of up to some twenty numbers.
        Assert.All(found.Select((x, k) => (x, k)), p => Assert.Equal(npy.Number(p.k, "logDensity"), p.x, 1e-2));
    }

    [Fact]
    public async Task Density_CallersBlocksFail_TheCallerSeesWhy()
    {
        static async IAsyncEnumerable<EventColumns> Blocks()
        {
            await Task.Yield();
            yield return new EventColumns { Count = -1 };
            throw new InvalidOperationException("mine");
        }

        // Whichever comes first: the server's refusal of the block, or the caller's own failure.
        var e = await Assert.ThrowsAnyAsync<Exception>(async () => await _client.DensityAsync(new DensityStart { Process = "ttbar" }, Blocks()).CountAsync());
        Assert.True(e is InvalidOperationException { Message: "mine" } or RpcException { StatusCode: StatusCode.InvalidArgument }, $"{e}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Models_AreThoseOfRest(bool compress)
    {
        using var client = new EventServiceClient(_service.GrpcAddress, s_quick with { Compress = compress });
        var rest = await _rest.JsonAsync("/models");
        Assert.Equal(rest.EnumerateArray().Select(m => m.GetProperty("name").GetString()), await client.ListModelsAsync(new ListModelsRequest { Limit = 2 }).Select(m => m.Name).ToListAsync());
        Assert.Contains("ttbar", (await client.ListProcessesAsync()).Select(p => p.Process));
        Assert.Equal("gluino", (await client.GetModelAsync("gluino-analytic")).Process);
        Assert.Equal((await client.GetModelAsync("gluino-analytic")).Versions[0], (await client.GetVersionAsync("gluino-analytic", 1)).Version);
        Assert.Equal(StatusCode.NotFound, (await Assert.ThrowsAsync<RpcException>(() => client.GetModelAsync("nobody"))).StatusCode);
    }

    [Fact]
    public async Task Key_IsSent()
    {
        using var closed = new RunningService(workers: 1, settings: ("AnonymousScopes", "none"));
        closed.StartServer();
        var (key, _) = await closed.Services.GetRequiredService<KeyStore>().CreateAsync(new CreateKeyRequest("reader", "read"), "tests");
        using var without = new EventServiceClient(closed.GrpcAddress, s_quick);
        using var with = new EventServiceClient(closed.GrpcAddress, s_quick with { ApiKey = key });
        Assert.Equal(StatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => without.ListProcessesAsync())).StatusCode);
        Assert.NotEmpty(await with.ListProcessesAsync());
    }

    [Fact]
    public async Task Address_OfRest_IsSaidToBeTheWrongOne()
    {
        using var client = new EventServiceClient(_rest.BaseAddress!, s_quick with { Retries = 0 });
        var e = await Assert.ThrowsAsync<RpcException>(() => client.ListProcessesAsync());
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
        Assert.EndsWith("gRPC in clear text has a port of its own, 8081 if not set otherwise.", e.Status.Detail, StringComparison.Ordinal);
    }

    private static async Task DrainAsync(EventStream stream, CancellationToken cancellationToken)
    {
        await foreach (var _ in stream.ReadAllAsync(cancellationToken))
        {
        }
    }

    private static async Task<List<long>> ReadAsync(ScriptedServer server, List<TimeSpan>? pauses = null, bool reuseBlocks = false)
    {
        var options = s_quick with { Handler = server, Retries = 3, ReuseBlocks = reuseBlocks };
        options = options with { Retrying = (_, pause) => pauses?.Add(pause) };
        using var client = new EventServiceClient(new Uri("http://scripted"), options);
        using var stream = await client.GenerateAsync(new GenerateRequest { Process = "p", N = 10 });
        var events = new List<long>();
        await foreach (var block in stream.ReadAllAsync())
        {
            events.AddRange(block.EventNumbers());
        }

        return events;
    }

    private static ScriptedAnswer Break(params IMessage[] messages) => new(null, messages);

    private static ScriptedAnswer Well(params IMessage[] messages) => new(StatusCode.OK, messages);

    private static GenerateResponse Start(long first = 0, long n = 10, string sha = "aa", string numerics = "cpu-fp32-v2", ulong seed = 77) => new()
    {
        Start = new GenerateStart
        {
            Schema = new Schema(),
            Receipt = new Receipt { Process = "p", Model = "m", Version = 4, Sha256 = sha, Numerics = numerics, Seed = seed, First = first, N = n },
        },
    };

    private static GenerateResponse Block(long from, long to)
    {
        var numbers = Enumerable.Range(0, (int)(to - from)).Select(i => from + i).ToArray();
        return new GenerateResponse
        {
            Block = new EventColumns { Count = numbers.Length, EventNumber = ByteString.CopyFrom(MemoryMarshal.AsBytes(numbers.AsSpan())) },
            Next = to,
        };
    }

    private static GenerateResponse End(long events, long generated) => new() { End = new GenerateEnd { Events = events, Generated = generated } };
}

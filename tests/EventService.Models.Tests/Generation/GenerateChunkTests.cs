using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Generation;

/// <summary>Events of several requests that are generated together are those of each request alone, bit by bit.</summary>
public sealed class GenerateChunkTests
{
    private static readonly Lazy<EventGenerator> s_ttbar = new(() => EventGenerator.Open(Path.Combine(Repository.Root, "models", "ttbar-objects.safetensors")));

    /// <summary>Sizes around one and around a tile, from several seeds and places, in several formats.</summary>
    private static readonly (ulong Seed, long First, int Count, string Format, string? Cut)[] s_requests =
    [
        (1, 0, 1, "npy", null),
        (2, 7, 63, "jsonl", null),
        (1, 1, 65, "dm-csv", null),
        (ulong.MaxValue, long.MaxValue - 100, 40, "npy", null),
        (3, 0, 87, "jsonl", "nJet>=4,MET_pt>30"),
        (2, 70, 2, "npy", null),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RunTogether_RequestsOfOneModel_GivesTheBytesOfEachAlone(bool logDensity)
    {
        var scratch = new ChunkScratch();
        var alone = s_requests.Select(r => Chunk(r, logDensity)).ToArray();
        foreach (var chunk in alone)
        {
            chunk.Run(scratch);
        }

        var together = s_requests.Select(r => Chunk(r, logDensity)).ToArray();
        Assert.All(together, chunk => Assert.True(chunk.FitsWith(together[0])));
        var done = 0;
        GenerateChunk.RunTogether(together, scratch, (chunk, failure) =>
        {
            Assert.Same(together[done++], chunk);
            Assert.Null(failure);
        });

        Assert.Equal(together.Length, done);
        for (var k = 0; k < alone.Length; k++)
        {
            Assert.NotEqual(0, alone[k].Output.Written.Length);
            Assert.Equal(alone[k].Output.Written.ToArray(), together[k].Output.Written.ToArray());
        }
    }

    [Fact]
    public void RunTogether_AnEventThatFails_FailsItsRequestOnly()
    {
        var scratch = new ChunkScratch();
        var model = new FailingAt(s_ttbar.Value.Model, 20);
        var chunks = new[] { (1UL, 0L, 10), (2UL, 15L, 10), (3UL, 30L, 10) }.Select(r =>
        {
            var request = Request((r.Item1, r.Item2, r.Item3, "npy", null), false);
            var chunk = new GenerateChunk(model, request, request.CreateWriter(s_ttbar.Value));
            chunk.Assign(request.First, (int)request.Count);
            return chunk;
        }).ToArray();

        var failures = new List<Exception?>();
        GenerateChunk.RunTogether(chunks, scratch, (_, failure) => failures.Add(failure));

        Assert.Equal([null, "Event 20 fails.", null], failures.Select(f => f?.Message));
        foreach (var k in new[] { 0, 2 })
        {
            var alone = Chunk(((ulong)k + 1, 15L * k, 10, "npy", null), false);
            alone.Run(scratch);
            Assert.Equal(alone.Output.Written.ToArray(), chunks[k].Output.Written.ToArray());
        }
    }

    [Fact]
    public void FitsWith_AnotherModelOrOtherColumnsToCompute_IsFalse()
    {
        var chunk = Chunk(s_requests[0], logDensity: false);
        var request = Request(s_requests[0], false);
        Assert.True(chunk.FitsWith(Chunk(s_requests[1], logDensity: false)));
        Assert.False(chunk.FitsWith(Chunk(s_requests[1], logDensity: true)));
        Assert.False(chunk.FitsWith(new GenerateChunk(new FailingAt(s_ttbar.Value.Model, 0), request, request.CreateWriter(s_ttbar.Value))));
    }

    private static GenerateChunk Chunk((ulong Seed, long First, int Count, string Format, string? Cut) r, bool logDensity)
    {
        var request = Request(r, logDensity);
        var chunk = new GenerateChunk(s_ttbar.Value.Model, request, request.CreateWriter(s_ttbar.Value));
        chunk.Assign(request.First, (int)request.Count);
        return chunk;
    }

    private static GenerateRequest Request((ulong Seed, long First, int Count, string Format, string? Cut) r, bool logDensity)
    {
        var values = new Dictionary<string, string>
        {
            ["seed"] = $"{r.Seed}",
            ["first"] = $"{r.First}",
            ["n"] = $"{r.Count}",
            ["format"] = logDensity && r.Format == "dm-csv" ? "jsonl" : r.Format, // dm-csv has no column for it
            ["logDensity"] = logDensity ? "true" : "false",
        };
        if (r.Cut is { } cut)
        {
            values["cut"] = cut;
        }

        return GenerateRequest.Parse(values, s_ttbar.Value, "npy");
    }

    /// <summary>A model that fails for one event, as a validity filter that is never passed.</summary>
    private sealed class FailingAt(IGenerativeModel model, long index) : IGenerativeModel
    {
        public SampleSchema Schema => model.Schema;

        public int PreferredChunk => model.PreferredChunk;

        public int Tile => model.Tile;

        public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
        {
            foreach (var range in ranges)
            {
                if (index >= range.First && index < range.First + range.Count)
                {
                    throw new AttemptsExhaustedException($"Event {index} fails.");
                }
            }

            model.Generate(ranges, block, logDensity);
        }
    }
}

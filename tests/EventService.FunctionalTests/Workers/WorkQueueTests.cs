using EventService.FunctionalTests.Models;
using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Sampling;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Workers;

namespace EventService.FunctionalTests.Workers;

/// <summary>Whose turn it is. One worker is played by hand: each chunk it takes costs ten microseconds an event.</summary>
public sealed class WorkQueueTests
{
    private const double SecondsPerEvent = 1e-5;

    private static readonly EventGenerator s_generator = TestModels.Load(TestModels.Bytes("a", "a"));
    private static readonly EventGenerator s_other = TestModels.Load(TestModels.Bytes("b", "b"));

    private readonly WorkQueue _queue = new(largestBatch: 256, longestWait: TimeSpan.Zero);

    [Fact]
    public void Take_RequestsOfOneKey_TakeTurnsByEventsNotByChunks()
    {
        var coarse = Join(RequestClass.Bulk, key: 1);
        var fine = Join(RequestClass.Bulk, key: 1);
        Add(coarse, 10, events: 200);
        Add(fine, 80, events: 50);

        var used = Serve(30).GroupBy(c => c.Request).ToDictionary(g => g.Key, g => g.Sum(c => c.Chunk.Events));
        Assert.InRange(used[coarse] - used[fine], -200, 200);
    }

    [Fact]
    public void Take_KeyWithManyRequests_GetsNoMoreThanAKeyWithOne()
    {
        var many = Enumerable.Range(0, 9).Select(_ => Join(RequestClass.Bulk, key: 1)).ToArray();
        var one = Join(RequestClass.Bulk, key: 2);
        foreach (var request in many)
        {
            Add(request, 50, events: 100);
        }

        Add(one, 50, events: 100);
        var served = Serve(90);
        Assert.Equal(45, served.Count(c => c.Request == one));
        Assert.All(many, request => Assert.Equal(5, served.Count(c => c.Request == request)));
    }

    [Fact]
    public void Take_SmallRequestBesideStreams_IsNext()
    {
        var stream = Join(RequestClass.Bulk, key: null);
        Add(stream, 100, events: 128);
        Serve(20);

        var small = Join(RequestClass.Small, key: null);
        Add(small, 1, events: 10);
        Assert.Same(small, Serve(1)[0].Request);
    }

    [Fact]
    public void Take_AllClassesBusy_SharesTheTimeByTheirWeights()
    {
        var requests = new[] { Join(RequestClass.Small, 1), Join(RequestClass.Bulk, 1), Join(RequestClass.Job, 1) };
        foreach (var request in requests)
        {
            Add(request, 1000, events: 256); // full batches: nothing is taken together
        }

        var served = Serve(1000);
        Assert.Equal([500, 400, 100], requests.Select(r => (int)Math.Round(served.Count(c => c.Request == r) / 5.0) * 5));
    }

    [Fact]
    public void Take_RequestThatPaused_HasNoCreditForIt()
    {
        var steady = Join(RequestClass.Bulk, 1);
        var pausing = Join(RequestClass.Bulk, 2);
        Add(steady, 300, events: 100);
        Add(pausing, 1, events: 100);
        Serve(100);

        Add(pausing, 100, events: 100);
        var served = Serve(20);
        Assert.InRange(served.Count(c => c.Request == pausing), 9, 11);
    }

    [Fact]
    public void Take_SmallRequestsOfOneModel_AreTakenTogetherUpToTheLargestBatch()
    {
        var requests = Enumerable.Range(0, 40).Select(k => Join(RequestClass.Small, key: k % 3)).ToArray();
        foreach (var request in requests)
        {
            Add(request, 1, events: 10);
        }

        var other = Join(RequestClass.Small, key: 1, s_other);
        Add(other, 1, events: 10);
        var density = Join(RequestClass.Small, key: 1);
        _ = _queue.Add(new OtherChunk(10), density, default);

        List<int> sizes = [];
        List<QueuedChunk> all = [];
        while (_queue.Waiting > 0)
        {
            var batch = TakeOne();
            sizes.Add(batch.Count);
            all.AddRange(batch);
            Assert.Single(batch.Select(c => c.Request.Asked.Generator).Distinct());
            Assert.True(batch.Count == 1 || batch.All(c => c.Chunk is GenerateChunk));
        }

        Assert.Equal(42, all.Distinct().Count());
        Assert.Equal([1, 1, 15, 25], sizes.Order());
    }

    [Fact]
    public async Task Add_ThenCancelled_IsNotBegun()
    {
        using var stop = new CancellationTokenSource();
        var gone = Join(RequestClass.Bulk, 1);
        var waiting = Enumerable.Range(0, 3).Select(_ => _queue.Add(new OtherChunk(1), gone, stop.Token)).ToArray();
        var stays = Join(RequestClass.Bulk, 1);
        Add(stays, 1, events: 1);

        await stop.CancelAsync();
        Assert.All(waiting, w => Assert.True(w.IsCanceled));
        Assert.Equal(1, _queue.Waiting);
        Assert.Same(stays, Serve(1)[0].Request);
        Assert.Equal(0, _queue.Waiting);
    }

    [Fact]
    public void Close_WithWork_GivesItOutAndThenEnds()
    {
        Add(Join(RequestClass.Bulk, 1), 2, events: 1);
        _queue.Close();
        List<QueuedChunk> batch = [];
        Assert.True(_queue.Take(batch));
        Assert.True(_queue.Take(batch));
        Assert.False(_queue.Take(batch));
    }

    private AdmittedRequest Join(RequestClass requestClass, long? key, EventGenerator? generator = null)
    {
        var caller = new Caller(key is null ? "anonymous" : "caller", key, [], Registry.Keys.KeyQuota.None);
        var asked = new AdmissionRequest(caller, generator ?? s_generator, null);
        return new AdmittedRequest(null!, asked, requestClass, _queue.Join(requestClass, caller.Account), new ModelPace(SecondsPerEvent), null);
    }

    private void Add(AdmittedRequest request, int chunks, int events)
    {
        var generator = request.Asked.Generator;
        var asked = GenerateRequest.Parse(new Dictionary<string, string> { ["n"] = $"{events}" }, generator, "npy");
        for (var k = 0; k < chunks; k++)
        {
            var chunk = new GenerateChunk(generator.Model, asked, asked.CreateWriter(generator));
            chunk.Assign(0, events);
            _ = _queue.Add(chunk, request, default);
        }
    }

    private List<QueuedChunk> TakeOne()
    {
        List<QueuedChunk> batch = [];
        Assert.True(_queue.Take(batch));
        _queue.Charge(batch, batch.Sum(c => c.Chunk.Events) * SecondsPerEvent);
        return batch;
    }

    private List<QueuedChunk> Serve(int takes)
    {
        List<QueuedChunk> served = [];
        for (var k = 0; k < takes; k++)
        {
            served.AddRange(TakeOne());
        }

        return served;
    }

    private sealed class OtherChunk(int events) : Chunk
    {
        public override int Events => events;

        public override void Run(ChunkScratch scratch)
        {
        }
    }
}

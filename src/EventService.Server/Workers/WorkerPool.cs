using System.Diagnostics;
using System.Runtime.CompilerServices;

using EventService.Generation.Pipeline;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Server.Problems;
using EventService.Server.Settings;

namespace EventService.Server.Workers;

/// <summary>
/// The threads that generate, shared by all requests. A request is let in or told when to come again; its chunks of whole tiles, a few
/// milliseconds each, take turns with those of the others. What is generated never depends on what else runs.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    /// <summary>Requests for at most this many events are small: they have a share of the workers of their own.</summary>
    public const long SmallEvents = 1000;

    /// <summary>A small request waits at most this long until a worker is free [s].</summary>
    public const double ChunkSeconds = 0.01;

    /// <summary>As long as nobody asks for little, chunks are longer: the networks work on fuller tiles [s].</summary>
    private const double LongChunkSeconds = 0.025;

    /// <summary>Who has asked for little once will do so again.</summary>
    private static readonly TimeSpan s_memoryOfSmall = TimeSpan.FromSeconds(10);

    private readonly ServerSettings _settings;
    private readonly TimeProvider _time;
    private readonly PoolMetrics _metrics;
    private readonly WorkQueue _queue;
    private readonly Thread[] _threads;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConditionalWeakTable<IGenerativeModel, ModelPace> _paces = [];
    private readonly Lock _lock = new();
    private readonly Dictionary<string, QuotaMeter> _quotas = [];
    private readonly Dictionary<RequestClass, int> _inside = Enum.GetValues<RequestClass>().ToDictionary(c => c, _ => 0);
    private bool _draining;
    private long _lastSmall = long.MinValue / 2;

    public WorkerPool(ServerSettings settings, TimeProvider time, PoolMetrics metrics)
    {
        (_settings, _time, _metrics) = (settings, time, metrics);
        _queue = new WorkQueue(settings.LargestBatch, TimeSpan.FromMilliseconds(settings.LongestWaitMilliseconds));
        metrics.Observe(RequestsInside, () => _queue.Waiting);
        _threads = new Thread[settings.Workers == 0 ? Environment.ProcessorCount : settings.Workers];
        for (var i = 0; i < _threads.Length; i++)
        {
            _threads[i] = new Thread(Work) { Name = $"Generate {i}", IsBackground = true };
            _threads[i].Start();
        }
    }

    /// <summary>Number of threads.</summary>
    public int Count => _threads.Length;

    /// <summary>Cancelled when requests that still run must end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Lets a request in, until it is disposed of.</summary>
    /// <exception cref="ProblemException">429: the caller's quota is used up; 503: the server is full, or shutting down.</exception>
    public AdmittedRequest Admit(AdmissionRequest asked)
    {
        var requestClass = asked.IsJob ? RequestClass.Job : asked.Events <= SmallEvents ? RequestClass.Small : RequestClass.Bulk;
        lock (_lock)
        {
            if (_draining)
            {
                _metrics.Refused("draining");
                throw new ProblemException(StatusCodes.Status503ServiceUnavailable, "The server is shutting down; ask another, or this one when it is back.", TimeSpan.FromSeconds(5));
            }

            // Small requests have a queue of their own: streams that fill theirs keep nobody out who wants a few events.
            if (!asked.IsJob && _inside[requestClass] >= _settings.QueueLength)
            {
                _metrics.Refused("full");
                throw new ProblemException(StatusCodes.Status503ServiceUnavailable,
                    $"The server is serving {_settings.QueueLength} {(requestClass == RequestClass.Small ? "small requests" : "streams")}, as many as it may. Try again shortly.", RetryAfter());
            }

            QuotaMeter? quota = null;
            if (asked.Caller is { Account: { } account, Quota: not { EventsPerSecond: null, ConcurrentRequests: null } })
            {
                quota = Meter(account);
                try
                {
                    quota.Enter(asked.Caller.Title, asked.Caller.Quota);
                }
                catch (ProblemException)
                {
                    _metrics.Refused("quota");
                    throw;
                }
            }

            _inside[requestClass]++;
            if (requestClass == RequestClass.Small)
            {
                Volatile.Write(ref _lastSmall, _time.GetTimestamp());
            }

            var pace = _paces.GetValue(asked.Generator.Model, _ => new ModelPace());
            return new AdmittedRequest(this, asked, requestClass, _queue.Join(requestClass, asked.Caller.Account), pace, quota);
        }
    }

    /// <summary>Whole tiles that take at most the time that others can wait, as the model does lately; at least one tile.</summary>
    public int ChunkOf(IGenerativeModel model, ModelPace pace) =>
        pace.ChunkOf(
            model.Tile,
            Math.Min(model.PreferredChunk, _settings.LargestBatch),
            _time.GetTimestamp() - Volatile.Read(ref _lastSmall) < s_memoryOfSmall.TotalSeconds * _time.TimestampFrequency ? ChunkSeconds : LongChunkSeconds);

    /// <summary>Runs the chunk when its turn comes.</summary>
    public Task RunAsync(Chunk chunk, AdmittedRequest request, CancellationToken cancellationToken) => _queue.Add(chunk, request, cancellationToken);

    public void Leave(AdmittedRequest request)
    {
        _queue.Leave(request.Class, request.Asked.Caller.Account);
        lock (_lock)
        {
            _inside[request.Class]--;
        }
    }

    /// <summary>Lets nobody in any more.</summary>
    public void Drain()
    {
        lock (_lock)
        {
            _draining = true;
        }
    }

    /// <summary>Requests inside that somebody waits for: all but jobs, which go on after the next start.</summary>
    public int WaitedFor
    {
        get
        {
            lock (_lock)
            {
                return _inside[RequestClass.Small] + _inside[RequestClass.Bulk];
            }
        }
    }

    /// <summary>Ends the requests that still run.</summary>
    public void Stop() => _stopping.Cancel();

    public void Dispose()
    {
        _stopping.Cancel();
        _queue.Close();
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _stopping.Dispose();
    }

    private IEnumerable<(RequestClass Class, int Requests)> RequestsInside()
    {
        lock (_lock)
        {
            return [.. _inside.Select(p => (p.Key, p.Value))];
        }
    }

    private QuotaMeter Meter(string account)
    {
        if (!_quotas.TryGetValue(account, out var meter))
        {
            _quotas[account] = meter = new QuotaMeter(_time);
        }

        return meter;
    }

    /// <summary>Each of those inside has a share of the time: the more there are, the later another has a chance.</summary>
    private TimeSpan RetryAfter() => TimeSpan.FromSeconds(Math.Clamp(_inside.Values.Sum() / (20 * Count), 1, 30));

    private void Work()
    {
        WorkerPriority.Lower();
        var scratch = new ChunkScratch();
        List<QueuedChunk> batch = [];
        while (_queue.Take(batch))
        {
            var start = Stopwatch.GetTimestamp();
            var failures = RunBatch(batch, scratch);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            _queue.Charge(batch, seconds);
            Observe(batch, seconds);
            for (var k = 0; k < batch.Count; k++)
            {
                batch[k].Complete(failures[k]);
            }
        }
    }

    private static Exception?[] RunBatch(List<QueuedChunk> batch, ChunkScratch scratch)
    {
        var failures = new Exception?[batch.Count];
        try
        {
            if (batch.Count == 1)
            {
                batch[0].Chunk.Run(scratch);
            }
            else
            {
                var next = 0;
                GenerateChunk.RunTogether([.. batch.Select(c => (GenerateChunk)c.Chunk)], scratch, (_, failure) => failures[next++] = failure);
            }
        }
#pragma warning disable CA1031 // whatever it is, it belongs to those who wait for these chunks
        catch (Exception e)
#pragma warning restore CA1031
        {
            Array.Fill(failures, e);
        }

        return failures;
    }

    private void Observe(List<QueuedChunk> batch, double seconds)
    {
        var request = batch[0].Request;
        var events = batch.Sum(c => c.Chunk.Events);

        // Less than a tile tells nothing about the pace of full ones.
        if (events >= request.Asked.Generator.Model.Tile)
        {
            request.Pace.Observe(events, seconds);
        }

        _metrics.Ran(batch, events, seconds);
    }
}

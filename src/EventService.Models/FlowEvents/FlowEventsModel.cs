using System.Collections.Concurrent;
using System.Runtime.InteropServices;

using EventService.Models.Contracts;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.FlowEvents;

/// <summary>
/// Whole events made by a composition of flows: each attempt is composed, sorted and checked against the event selection, and drawn again
/// until it is valid. The counts of an event stay through its attempts where the composition draws counts.
/// </summary>
/// <remarks>There is no density: an event is what sorting, choosing and dropping have left of the flows' draws.</remarks>
public sealed class FlowEventsModel : IGenerativeModel
{
    /// <summary>Name in model files.</summary>
    public const string ArchitectureName = "flow-events";

    /// <summary>Attempts for a valid event.</summary>
    public const uint MaximumAttempts = 1024;

    private readonly double _weight;
    private readonly byte[] _digest;
    private readonly ConcurrentBag<Workspace> _workspaces = [];

    /// <param name="composition">How flows make an event.</param>
    /// <param name="schema">Columns of whole events.</param>
    /// <param name="weight">Weight of every event: cross-section times selection efficiency [pb].</param>
    /// <param name="digest">sha256 of the model file: part of the key of the random numbers.</param>
    public FlowEventsModel(IEventComposition composition, SampleSchema schema, double weight, ReadOnlyMemory<byte> digest)
    {
        (Composition, Schema, _weight, _digest) = (composition, schema, weight, digest.ToArray());
    }

    public IEventComposition Composition { get; }

    public SampleSchema Schema { get; }

    public int PreferredChunk => Composition.PreferredChunk;

    public int Tile => Math.Min(FlowLayer.Stride, PreferredChunk);

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
    {
        if (!logDensity.IsEmpty)
        {
            throw new ArgumentException("A log-density is asked of a model that has none.", nameof(logDensity));
        }

        var work = RentWorkspace();
        work.Attempts.Clear();
        foreach (var (stream, first, count) in ranges)
        {
            var key = EventStreamKey.Of(_digest, stream);
            for (var index = first; index < first + count; index++)
            {
                work.Attempts.Add(new EventAttempt(key, index, 0));
            }
        }

        work.DrawValid(_weight);
        DarkMachinesSchema.ToBlock(work.Events, 0, work.Events.Count, block);
        _workspaces.Add(work);
    }

    /// <summary>Share of first attempts that are valid, with its standard error.</summary>
    public (double Mean, double Error) MeasureAcceptance(ulong seed, long events, int threads, Action<long> progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var key = EventStreamKey.Of(_digest, new EventStream(seed, []));
        long done = 0, accepted = 0;
        var chunks = ((events - 1) / PreferredChunk) + 1;
        Parallel.For(0, chunks, new ParallelOptions { MaxDegreeOfParallelism = threads }, chunk =>
        {
            var work = RentWorkspace();
            work.Attempts.Clear();
            for (var k = 0; k < PreferredChunk; k++)
            {
                work.Attempts.Add(new EventAttempt(key, (chunk * PreferredChunk) + k, 0));
            }

            Interlocked.Add(ref accepted, work.CountValid());
            _workspaces.Add(work);
            progress(Interlocked.Add(ref done, PreferredChunk));
        });
        var p = accepted / (double)done;
        return (p, Math.Sqrt(p * (1 - p) / done));
    }

    // A workspace is lost, not returned, where a call throws.
    private Workspace RentWorkspace() => _workspaces.TryTake(out var work) ? work : new Workspace(Composition.ForThread());

    private sealed class Workspace(IEventComposition composition)
    {
        private readonly List<EventCandidate> _candidates = [];
        private readonly List<int> _pending = [];
        private readonly List<EventAttempt> _drawn = [];
        private readonly EventSample _valid = new();
        private readonly List<int> _place = [];

        public List<EventAttempt> Attempts { get; } = [];

        /// <summary>The events, in the order of the attempts.</summary>
        public EventSample Events { get; private set; } = new();

        public void DrawValid(double weight)
        {
            _valid.Clear();
            _place.Clear();
            _pending.Clear();
            for (var k = 0; k < Attempts.Count; k++)
            {
                _place.Add(-1);
                _pending.Add(k);
            }

            for (uint attempt = 0; _pending.Count > 0; attempt++)
            {
                if (attempt == MaximumAttempts)
                {
                    throw new AttemptsExhaustedException($"Event {Attempts[_pending[0]].Index} failed the event selection {MaximumAttempts} times. The model does not describe such events; report it with the receipt.");
                }

                Draw(attempt);
                var left = 0;
                for (var i = 0; i < _pending.Count; i++)
                {
                    var k = _pending[i];
                    if (_candidates[i].TryAppendTo(_valid, Attempts[k].Index, weight))
                    {
                        _place[k] = _valid.Count - 1;
                    }
                    else
                    {
                        _pending[left++] = k;
                    }
                }

                _pending.RemoveRange(left, _pending.Count - left);
            }

            Events = EventSubset.At(_valid, _place);
        }

        public long CountValid()
        {
            _pending.Clear();
            _pending.AddRange(Enumerable.Range(0, Attempts.Count));
            Draw(0);
            _valid.Clear();
            return _candidates.Take(Attempts.Count).LongCount(c => c.TryAppendTo(_valid, 0, 1));
        }

        private void Draw(uint attempt)
        {
            while (_candidates.Count < _pending.Count)
            {
                _candidates.Add(new EventCandidate());
            }

            _drawn.Clear();
            foreach (var k in _pending)
            {
                _drawn.Add(Attempts[k] with { Attempt = attempt });
            }

            composition.Draw(
                CollectionsMarshal.AsSpan(_drawn),
                CollectionsMarshal.AsSpan(_candidates)[.._drawn.Count]);
        }
    }
}

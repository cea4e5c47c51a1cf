using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;

using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Models.ObjectFlow;

/// <summary>
/// A whole collision event, object by object. The counts of the seven types are drawn first; then each object that is present
/// gets pT, eta, azimuth and mass in turn, and at last the missing momentum, each from a conditional rational-quadratic
/// spline on its unit interval given all that came before; then the validity filter decides.
/// </summary>
/// <remarks>
/// Papers: autoregressive flows, Papamakarios, Pavlakou and Murray, "Masked autoregressive flow", NeurIPS 2017,
/// arXiv:1705.07057; the transform, Durkan et al., "Neural spline flows", NeurIPS 2019, arXiv:1906.04032; splines on the circle,
/// Rezende et al., ICML 2020, arXiv:2002.02428.
/// Deviations: objects that are absent have no coordinate at all, instead of a spike at zero; networks are shared between
/// objects of a type, so that one pass over the present objects is the whole work of sampling (there is nothing to mask and
/// no D-fold repetition); one spline a coordinate on a marginal map, instead of a stack of layers: a one-dimensional conditional
/// of 16 to 20 bins needs no second one.
///
/// Density: log p(event) = log p(c) + sum log dS/dy + sum log |dy/dx| - log A(c). All of it may depend on conditions such as a mass: they
/// are further inputs of the networks, and counts and acceptance stand at the trained points (<see cref="ObjectFlowConditions"/>).
/// </remarks>
public sealed class AutoregressiveObjectFlow : ILikelihoodModel
{
    /// <summary>Name in model files.</summary>
    public const string ArchitectureName = "autoregressive-object-flow";

    /// <summary>Attempts for valid kinematics; at an acceptance of 0.5 all fail once in 1e77 events.</summary>
    public const uint MaximumAttempts = 256;

    // Lanes of one evaluation of a network: the activations of a tile stay in the L2 cache, the weights are read once a tile.
    internal const int TileLanes = 64;

    private readonly ObjectFlowNetwork _network;
    private readonly EventCoordinates _coordinates;
    private readonly ObjectFlowConditions _conditions;
    private readonly ValidityFilter _filter;
    private readonly double _weight;
    private readonly byte[] _digest;
    private readonly ConcurrentBag<Workspace> _workspaces = [];

    /// <param name="network">Trained networks.</param>
    /// <param name="coordinates">Maps to the unit intervals.</param>
    /// <param name="conditions">Object counts and measured acceptance under the conditions.</param>
    /// <param name="filter">Validity filter.</param>
    /// <param name="schema">Columns of the events.</param>
    /// <param name="weight">Weight of every event: cross-section times selection efficiency [pb].</param>
    /// <param name="digest">sha256 of the model file: part of the key of the random numbers.</param>
    public AutoregressiveObjectFlow(ObjectFlowNetwork network, EventCoordinates coordinates, ObjectFlowConditions conditions, ValidityFilter filter, SampleSchema schema, double weight, ReadOnlyMemory<byte> digest)
    {
        (_network, _coordinates, _conditions, _filter, _weight) = (network, coordinates, conditions, filter, weight);
        Schema = schema;
        _digest = digest.ToArray();
    }

    public SampleSchema Schema { get; }

    internal ObjectFlowNetwork Network => _network;

    internal EventCoordinates Coordinates => _coordinates;

    internal ObjectFlowConditions Conditions => _conditions;

    internal ValidityFilter Filter => _filter;

    internal ReadOnlyMemory<byte> Digest => _digest;

    public int PreferredChunk => 512;

    public int Tile => TileLanes;

    public string BaseMeasure =>
        "counts (b, j, e-, e+, m-, m+, g), then dpT deta dphi dm [GeV, 1, rad, GeV] for each b-jet and jet and dpT deta dphi [GeV, 1, rad] for each "
        + "electron, muon and photon in the order of the counts and of falling pT, then dMET dMETphi [GeV, rad]";

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
    {
        ArgumentNullException.ThrowIfNull(block);
        var work = RentWorkspace();
        work.Sample.Clear();
        work.Ranges.Clear();
        foreach (var (stream, first, count) in ranges)
        {
            work.Ranges.Add((EventStreamKey.Of(_digest, stream), _conditions.At(stream.Condition), first, count));
        }

        work.Sampler.Draw(CollectionsMarshal.AsSpan(work.Ranges), work.Sample, logDensity);
        DarkMachinesSchema.ToBlock(work.Sample, 0, work.Sample.Count, block);
        _workspaces.Add(work);
    }

    public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities)
    {
        ArgumentNullException.ThrowIfNull(events);
        const int Piece = 256;
        var at = _conditions.At(condition);
        var work = RentWorkspace();
        Span<int> rows = stackalloc int[Piece];
        Span<double> logDensity = stackalloc double[Piece];
        var e = 0;
        while (e < events.Count)
        {
            var n = 0;
            for (; e < events.Count && n < Piece; e++)
            {
                if (OutOfSupport(events, e) is { } reason)
                {
                    densities[e] = new EventDensity(double.NegativeInfinity, 0, reason);
                }
                else
                {
                    rows[n++] = e;
                }
            }

            work.Density.Evaluate(events, rows[..n], _ => at.Inputs, logDensity[..n]);
            for (var i = 0; i < n; i++)
            {
                var vector = CountVector.Of(events, rows[i]);
                var (logAcceptance, error) = at.Acceptance(vector);
                var log = at.LogProbability(vector) + logDensity[i] - logAcceptance;

                // Momenta near the largest double overflow on the way; such an event has no density that a number could tell.
                densities[rows[i]] = double.IsFinite(log)
                    ? new EventDensity(log, error, null)
                    : new EventDensity(double.NegativeInfinity, 0, "the event's momenta are too large for its density to be computed");
            }
        }

        _workspaces.Add(work);
    }

    /// <summary>
    /// Draws kinematics at a trained point and counts how often the filter accepts them at the first attempt, for each count vector of the
    /// data there.
    /// </summary>
    /// <returns>Draws and acceptances in the order of the vectors of the point's count distribution.</returns>
    public (long[] Drawn, long[] Accepted) MeasureAcceptance(int point, ulong seed, long events, int threads, Action<long> progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        var (counts, condition) = (_conditions.Points[point].Counts, _conditions.AtPoint(point));
        long[] drawn = new long[counts.Vectors.Count], accepted = new long[counts.Vectors.Count];
        var key = EventStreamKey.Of(_digest, new EventStream(seed, []));
        long done = 0;
        Parallel.For(0, (events + PreferredChunk - 1) / PreferredChunk, new ParallelOptions { MaxDegreeOfParallelism = threads }, chunk =>
        {
            var work = RentWorkspace();
            work.Sampler.FirstAttempts(key, condition, chunk * PreferredChunk, PreferredChunk, (vector, valid) =>
            {
                var index = counts.IndexOf(vector);
                if (index >= 0)
                {
                    Interlocked.Increment(ref drawn[index]);
                    if (valid)
                    {
                        Interlocked.Increment(ref accepted[index]);
                    }
                }
            });
            _workspaces.Add(work);
            progress(Interlocked.Add(ref done, PreferredChunk));
        });
        return (drawn, accepted);
    }

    /// <summary>Why an event has no density, or null if it has one.</summary>
    private string? OutOfSupport(EventSample events, int e)
    {
        if (events.Offsets[e] == events.Offsets[e + 1])
        {
            return "the event has no object";
        }

        if (ValidityFilter.NotFinite(events, e) is { } notFinite)
        {
            return notFinite;
        }

        if (events.Met[e] < 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"MET {events.Met[e]:G9} GeV is negative");
        }

        if (events.Met[e] == 0 && _coordinates.AcrossMap is not null)
        {
            return "MET is 0, where the density in MET and its azimuth is 0";
        }

        for (var k = events.Offsets[e]; k < events.Offsets[e + 1]; k++)
        {
            var type = events.Type[k];
            var threshold = EventCoordinates.PtThresholds[(int)type];
            // One part in 1e6 beyond a limit is rounding of printed digits or of float32.
            if (!(events.Pt[k] >= threshold * (1 - 1e-6)))
            {
                return $"{type} {k - events.Offsets[e]}: pT {events.Pt[k]:G9} GeV is below the threshold of {threshold} GeV";
            }

            var limit = _coordinates.EtaLimits[(int)type];
            if (!(Math.Abs(events.Eta[k]) <= limit * (1 + 1e-6)))
            {
                return $"{type} {k - events.Offsets[e]}: |eta| {Math.Abs(events.Eta[k]):G9} is above the limit of {limit}";
            }

            if (DarkMachinesSchema.HasMass(type) && MassFault(events.Energy[k], events.Pt[k], events.Eta[k], events.Mass[k]) is { } fault)
            {
                return $"{type} {k - events.Offsets[e]}: {fault}";
            }
        }

        return _filter.BrokenRule(events, e) is { } violation ? "the event breaks " + violation : null;
    }

    /// <summary>Why no jet has this energy and this mass, or null if one can.</summary>
    private static string? MassFault(double energy, double pt, double eta, double mass)
    {
        var p = pt * Cosh.Of(eta);
        return double.IsNaN(JetMass.OfMomentum(energy, p)) ? $"energy {energy:G9} GeV is below the momentum {p:G9} GeV"
            : double.IsNaN(mass) ? "the mass is not a number"
            : mass < 0 ? $"mass {mass:G9} GeV is negative"
            : !JetMass.Agrees(mass, energy, pt, eta) ? $"energy {energy:G9} GeV is not that of mass {mass:G9} GeV, {Energy.OfPtEtaMass(pt, eta, mass):G9} GeV"
            : null;
    }

    // A workspace is lost, not returned, where a call throws: its lanes may be half written.
    private Workspace RentWorkspace() => _workspaces.TryTake(out var work) ? work : new Workspace(this);

    private sealed class Workspace(AutoregressiveObjectFlow flow)
    {
        public EventSample Sample { get; } = new();

        public List<(ulong Key, ObjectFlowCondition Condition, long First, int Count)> Ranges { get; } = [];

        public ObjectFlowSampler Sampler { get; } = new(flow._network, flow._coordinates, flow._filter, flow._weight, TileLanes);

        public ObjectFlowDensity Density { get; } = new(flow._network, flow._coordinates);
    }
}

using System.Security.Cryptography;

using EventService.Generation.Pipeline;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>A flow with tiny random networks on the maps, counts and rules of 4000 top-pair events, and its parts.</summary>
internal sealed class SmallFlow
{
    public static readonly ObjectFlowHyperparameters Sizes = new() { Width = 16, HeadWidth = 8, AzimuthWidth = 8, Bins = 6, AzimuthKnots = 6 };

    private static readonly Lazy<EventSample> s_data = new(() => DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz")));
    private static readonly Lazy<SmallFlow> s_shared = new(() => new SmallFlow(bend: 8));
    private static readonly Lazy<SmallFlow> s_marginal = new(() => new SmallFlow(bend: 1));

    private static readonly Lazy<AutoregressiveObjectFlow> s_conditional = new(() => BuildConditional(Sizes with { Conditions = 1, Imbalance = true }));
    private static readonly Lazy<AutoregressiveObjectFlow> s_warped = new(() => BuildConditional(Sizes with
    {
        Conditions = 1,
        RecoilWidth = 15,
        Derived = [new DerivedInput(new Dictionary<string, double> { ["mass"] = 2 }, -150)],
    }));

    private SmallFlow(float bend)
    {
        var rows = Enumerable.Range(0, Data.Count).ToArray();
        Network = new ObjectFlowNetwork(Sizes);
        Network.Initialise(17);

        foreach (var parameter in Network.Parameters.Parameters.Where(p => p.Name.EndsWith(".out.weight", StringComparison.Ordinal)))
        {
            foreach (ref var w in parameter.Value.Span)
            {
                w *= bend;
            }
        }

        Coordinates = EventCoordinates.Fit(Data, rows);
        Counts = new CountDistribution(CountDistribution.Count(rows.Select(e => CountsOf(Data, e))));
        Filter = ValidityFilter.Fit(Data, rows);
        Schema = DarkMachinesSchema.Create(new ObjectMaxima(18, 9, 5, 5, 5));
        Digest = SHA256.HashData([1]);
        Acceptance = AcceptanceTable.Unmeasured(Counts.Vectors);
        var (drawn, accepted) = Build().MeasureAcceptance(0, 3, 10_000, 2, _ => { });
        Acceptance = new AcceptanceTable(Counts.Vectors, drawn, accepted);
        Model = Build();
    }

    public static EventSample Data => s_data.Value;

    /// <summary>With splines bent more than training does: every part of a formula counts.</summary>
    public static SmallFlow Shared => s_shared.Value;

    /// <summary>With splines near the identity: every coordinate is distributed as in the data.</summary>
    public static SmallFlow LikeData => s_marginal.Value;

    /// <summary>
    /// Conditioned on "mass", with the imbalance of the missing momentum; trained points are <see cref="Masses"/>, whose counts are those
    /// of a third of the data each, by rising MET.
    /// </summary>
    public static AutoregressiveObjectFlow Conditional => s_conditional.Value;

    /// <summary>
    /// The same with size and azimuth of the missing momentum, nodes of azimuths closer together around the recoil, and a further input of
    /// the networks.
    /// </summary>
    public static AutoregressiveObjectFlow Warped => s_warped.Value;

    public static readonly double[] Masses = [100, 200, 400];

    public static readonly ConditionParameter Mass = new("mass", "GeV", "of what decays", 100, 400, Masses);

    public ObjectFlowNetwork Network { get; }

    public EventCoordinates Coordinates { get; }

    public CountDistribution Counts { get; }

    public ValidityFilter Filter { get; }

    public AcceptanceTable Acceptance { get; }

    public SampleSchema Schema { get; }

    public byte[] Digest { get; }

    public AutoregressiveObjectFlow Model { get; }

    public AutoregressiveObjectFlow Build() => Build(Digest);

    public AutoregressiveObjectFlow Build(byte[] digest) => new(Network, Coordinates, new ObjectFlowConditions(new CountPoint(Counts, Acceptance)), Filter, Schema, 2.5, digest);

    private static AutoregressiveObjectFlow BuildConditional(ObjectFlowHyperparameters hyper)
    {
        var network = new ObjectFlowNetwork(hyper);
        network.Initialise(23);
        int[] rows = [.. Enumerable.Range(0, Data.Count).OrderBy(e => Data.Met[e])];
        var coordinates = EventCoordinates.Fit(Data, rows, hyper.Imbalance, hyper.RecoilWidth);
        var third = rows.Length / Masses.Length;
        CountDistribution[] counts = [.. rows.Chunk(third).Take(Masses.Length).Select(part => new CountDistribution(CountDistribution.Count(part.Select(e => CountsOf(Data, e)))))];
        AutoregressiveObjectFlow With(IEnumerable<AcceptanceTable> acceptance) => new(
            network, coordinates, new ObjectFlowConditions([Mass], [.. Masses.Select(m => new[] { m })], [.. counts.Zip(acceptance, (c, a) => new CountPoint(c, a))], hyper.Derived),
            ValidityFilter.Fit(Data, rows), DarkMachinesSchema.Create(new ObjectMaxima(18, 9, 5, 5, 5)), 2.5, SHA256.HashData([2]));
        var draft = With(counts.Select(c => AcceptanceTable.Unmeasured(c.Vectors)));
        return With([.. counts.Select((c, k) =>
        {
            var (drawn, accepted) = draft.MeasureAcceptance(k, 3, 6_000, 2, _ => { });
            return new AcceptanceTable(c.Vectors, drawn, accepted);
        })]);
    }

    /// <summary>Events as a client gets them, and their log-densities.</summary>
    public static (EventSample Events, double[] LogDensity) Generate(IGenerativeModel model, ulong seed, long first, int count, params double[] condition)
    {
        var block = new EventBlock(model.Schema);
        var density = new double[count];
        model.Generate(new EventStream(seed, condition), first, count, block, density);
        var events = new EventSample();
        DarkMachinesSchema.ToSample(block, events);
        return (events, density);
    }

    public static EventDensity[] LogDensity(ILikelihoodModel model, EventSample events, params double[] condition)
    {
        var densities = new EventDensity[events.Count];
        model.LogDensity(events, condition, densities);
        return densities;
    }

    /// <summary>All numbers of events first .. first + count - 1 of a sample, for comparisons to the bit.</summary>
    public static ulong[] Bits(EventSample events, int first, int count)
    {
        List<ulong> bits = [];
        for (var e = first; e < first + count; e++)
        {
            bits.AddRange([(ulong)events.EventNumber[e], Bits(events.Weight[e]), Bits(events.Met[e]), Bits(events.MetPhi[e])]);
            for (var k = events.Offsets[e]; k < events.Offsets[e + 1]; k++)
            {
                bits.AddRange([(ulong)events.Type[k], Bits(events.Energy[k]), Bits(events.Pt[k]), Bits(events.Eta[k]), Bits(events.Phi[k]), Bits(events.Mass[k])]);
            }
        }

        return [.. bits];
    }

    public static ulong[] Bits(EventSample events) => Bits(events, 0, events.Count);

    public static CountVector CountsOf(EventSample events, int e)
    {
        var counts = new int[EventSlots.TypeCount];
        for (var k = events.Offsets[e]; k < events.Offsets[e + 1]; k++)
        {
            counts[(int)events.Type[k]]++;
        }

        return new CountVector(counts);
    }

    private static ulong Bits(double x) => BitConverter.DoubleToUInt64Bits(x);
}

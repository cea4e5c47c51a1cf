using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.FlowEvents;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;

namespace EventService.Models.Tests.FlowEvents;

/// <summary>Compositions of flows whose distributions are known in closed form.</summary>
internal static class Compositions
{
    /// <summary>b, j, e-, e+, m-, m+, g.</summary>
    public static readonly CountDistribution CountTable = new(new EventService.Models.WholeEvents.CountTable([[1, 2, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 1]], [3000, 1000]));

    public static FlowEventsModel Model(IEventComposition composition) =>
        new(composition, DarkMachinesSchema.Create(new ObjectMaxima(9, 9, 9, 9, 9)), 1, new byte[32]);

    public static EventSample Generate(FlowEventsModel model, int count)
    {
        var block = new EventBlock(model.Schema);
        var events = new EventSample();
        model.Generate([new EventRange(new EventStream(1, []), 0, count)], block, default);
        DarkMachinesSchema.ToSample(block, events);
        return events;
    }

    public static ParticleFlows Particles((double Mean, double Width) logPt, (double Mean, double Width) eta)
    {
        var particle = Normal([(logPt.Mean + 1, 0.1), logPt, eta, (0, 1)]);
        return new ParticleFlows(CountTable, new Dictionary<string, LayeredFlow>
        {
            ["MET"] = Normal([(1.5, 0.1), (0, 1)]),
            ["BJet"] = particle,
            ["Jet"] = particle,
            ["ElectronPlus"] = particle,
            ["Photon"] = particle,
        });
    }

    public static CumulativeParticleFlows Cumulative(int candidates)
    {
        // Column MET: 2 + 0.1 z0; log10 pT: 2 + 0.1 z0 + 0.01 z3. For next particles z2, the summed energy, moves it.
        static LayeredFlow Following(int columns, int leader)
        {
            var d = columns + 4;
            double[] lower = [.. Enumerable.Range(0, d * d).Select(i => i % (d + 1) == 0 ? 1 : 0)], upper = [.. lower];
            lower[((columns + 1) * d) + leader] = 1;
            return Flow(FlowBaseKind.Normal, [.. Enumerable.Range(0, d).Select(f => f == columns + 1 ? (0, 0.01) : f == 1 || f == columns + 3 ? (0, 1.0) : f == columns + 2 ? (0, 0.3) : f == columns ? (3, 0.1) : f == leader ? (2, 0.1) : (2, 0.1))], new LuLinearLayer(Inverse(lower, d), upper, new double[d]));
        }

        var (first, next) = (Following(2, 0), Following(4, 2));
        return new CumulativeParticleFlows(CountTable, candidates, new Dictionary<string, LayeredFlow>
        {
            ["MET"] = Normal([(2, 0.1), (0, 1)]),
            ["BJet.first"] = first,
            ["Jet.first"] = first,
            ["Jet.next"] = next,
            ["ElectronPlus.first"] = first,
            ["Photon.first"] = first,
        });
    }

    /// <summary>Of a unit matrix with one more element: that element with the other sign.</summary>
    private static double[] Inverse(double[] matrix, int d) => [.. matrix.Select((m, i) => i % (d + 1) == 0 ? m : -m)];

    public static FixedEventFlow Fixed((double, double)[] ranges) =>
        new(FixedEventFlow.StandardSlots, new Dictionary<string, LayeredFlow> { [FixedEventFlow.FlowName] = Flow(FlowBaseKind.Uniform, ranges) });

    public static LayeredFlow Normal((double Mean, double Width)[] columns) => Flow(FlowBaseKind.Normal, columns);

    public static LayeredFlow Flow(FlowBaseKind kind, (double First, double Second)[] columns, params FlowLayer[] layers) => new(
        new SampleSchema([.. columns.Select((_, f) => new ColumnSchema($"x{f}", "1", "a number"))], []),
        [.. columns.Select(_ => new ColumnPreprocessing([]))],
        layers,
        new FlowBase(kind, [.. columns.Select(c => c.First)], [.. columns.Select(c => c.Second)]),
        new byte[32]);
}

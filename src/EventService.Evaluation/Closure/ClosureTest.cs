using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Evaluation.Closure;

/// <summary>
/// Compares a model that was trained without a point with the events of this point, and beside it what stands for them without a model.
/// </summary>
/// <param name="schema">Columns of the events.</param>
/// <param name="events">Events of each kind, at most.</param>
/// <param name="resamplings">Pairs of Monte Carlo samples for the floor.</param>
/// <param name="seed">The seed of generated events, floor and classifiers.</param>
public sealed class ClosureTest(SampleSchema schema, int events, int resamplings, ulong seed)
{
    private readonly EventView _view = new(schema);

    /// <summary>Places of the points that are between others: the rest could only be extrapolated to.</summary>
    public static IReadOnlyList<int> Inner(IReadOnlyList<ConditionPoint> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        var corners = new ConditionHull([.. points.Select(p => p.Values)]).Corners.ToHashSet();
        return [.. Enumerable.Range(0, points.Count).Where(k => !corners.Contains(k))];
    }

    /// <summary>Means of all observables at the points of a grid of one parameter; none for other grids.</summary>
    /// <param name="points">The points.</param>
    /// <param name="parameter">Name of the parameter, with its unit.</param>
    public IReadOnlyList<ClosureTrend> Trends(IReadOnlyList<ConditionPoint> points, string parameter)
    {
        ArgumentNullException.ThrowIfNull(points);
        ArgumentNullException.ThrowIfNull(parameter);
        if (points[0].Values.Count > 1)
        {
            return [];
        }

        var tables = points.OrderBy(p => p.Values[0]).Select(p => (Value: p.Values[0], Table: ObservableTable.Compute(p.Sample, _view.Observables))).ToArray();

        // An observable that hardly any event of a point has, has no mean there.
        return [.. _view.Observables.Select((observable, c) => new ClosureTrend(observable.Name, observable.Unit, parameter, [.. from t in tables
            let values = Finite(t.Table.Columns[c])
            where values.Length > 1
            select new TrendPoint(t.Value, Moments.Mean(values), Moments.StandardDeviation(values) / Math.Sqrt(values.Length))]))
            .Where(t => t.Simulated.Count == tables.Length)];
    }

    /// <param name="leftOut">The point.</param>
    /// <param name="others">The points that the model was trained at.</param>
    /// <param name="model">The model.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="cancellation">Stops the work.</param>
    public ClosurePoint Run(ConditionPoint leftOut, IReadOnlyList<ConditionPoint> others, IGenerativeModel model, Action<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(leftOut);
        ArgumentNullException.ThrowIfNull(others);
        var hull = new ConditionHull([.. others.Select(p => p.Values)]);
        var neighbours = hull.Locate(leftOut.Values).Weights.Select(w => (Point: others[w.Point], w.Weight)).ToArray();
        var nearest = neighbours.MaxBy(n => n.Weight).Point; // on a line the heavier neighbour is the nearer one
        var count = Math.Min(events, Math.Min(leftOut.Sample.Count / 2, nearest.Sample.Count));
        var reference = Spread(leftOut.Sample, count);
        var floor = MonteCarloFloor.Draw(leftOut.Sample, count, count, _view.Observables, resamplings, seed, cancellation: cancellation);
        (EventSample Sample, double Weight)[] samples = [.. neighbours.Select(n => (n.Point.Sample, n.Weight))];
        (string Name, Func<EventSample> Draw)[] candidates =
        [
            ("model", () => GeneratedSample.Draw(model, new EventStream(seed, leftOut.Values), count, cancellation: cancellation)),
            ("nearest point", () => Spread(nearest.Sample, count)),
            ("vertical morphing", () => VerticalMorphing.Mix(samples, count)),
            .. _view.HasMovableColumns
                ? [("moment morphing", () => VerticalMorphing.Mix(MomentMorphing.Move(samples), count))]
                : NoCandidates,
        ];
        return new ClosurePoint(
            leftOut.Name,
            leftOut.Values,
            string.Join(", ", neighbours.Select(n => FormattableString.Invariant($"{n.Weight:F3} {n.Point.Name}"))),
            count,
            [.. candidates.Select(c =>
            {
                progress?.Invoke($"{leftOut.Name}: {c.Name}");
                return Compare(c.Name, reference, c.Draw(), floor, cancellation);
            })]);
    }

    private static readonly (string Name, Func<EventSample> Draw)[] NoCandidates = [];

    private ClosureCandidate Compare(string name, EventSample reference, EventSample candidate, MonteCarloFloor floor, CancellationToken cancellation)
    {
        var results = ObservableComparison.Compare(reference, candidate, floor, cancellation);
        var classifier = C2st.Run(_view.Features(reference, cancellation), _view.Features(candidate, cancellation), new C2stOptions { Seed = seed }, cancellation: cancellation);
        var (values, expected) = (ObservableTable.Compute(candidate, _view.Observables, cancellation), ObservableTable.Compute(reference, _view.Observables, cancellation));
        ClosureObservable[] observables = [.. results.Select((r, c) => (r, Values: Finite(values.Columns[c]), Expected: Finite(expected.Columns[c])))
            .Where(o => o.Values.Length > 1 && o.Expected.Length > 1 && double.IsFinite(o.r.Wasserstein.Ratio))
            .Select(o => new ClosureObservable(o.r.Name, o.r.Wasserstein.Value, o.r.Wasserstein.Ratio, Moments.Mean(o.Values), Moments.Mean(o.Expected), Moments.StandardDeviation(o.Expected) / Math.Sqrt(o.Expected.Length)))];
        double[] ratios = [.. observables.Select(o => o.Ratio).Order()];
        return new ClosureCandidate(name, classifier.Roc.Auc, classifier.Roc.Error, (ratios[(ratios.Length - 1) / 2] + ratios[ratios.Length / 2]) / 2, ratios[^1], observables);
    }

    private static EventSample Spread(EventSample sample, int count) => EventSubset.At(sample, Enumerable.Range(0, count).Select(k => (int)((long)k * sample.Count / count)));

    private static double[] Finite(double[] values) => Array.FindAll(values, double.IsFinite);
}

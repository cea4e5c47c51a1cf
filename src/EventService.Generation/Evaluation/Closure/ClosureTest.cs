using EventService.Generation.Conditions;
using EventService.Generation.Training;
using EventService.Generation.Training.Tables;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Generation.Evaluation.Closure;

/// <summary>Compares a model that was trained without a point with the events of this point, and beside it what stands for them without a model.</summary>
/// <param name="schema">Columns of the events.</param>
/// <param name="events">Events of each kind, at most.</param>
/// <param name="resamplings">Pairs of Monte Carlo samples for the floor.</param>
/// <param name="seed">Of generated events, floor and classifiers.</param>
public sealed class ClosureTest(SampleSchema schema, int events, int resamplings, ulong seed)
{
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
        return points[0].Values.Count > 1 ? [] : [.. schema.Scalars.Select((column, c) => new ClosureTrend(column.Name, column.Unit, parameter, [.. points.OrderBy(p => p.Values[0]).Select(p =>
        {
            var values = Column(p.Sample, c);
            return new TrendPoint(p.Values[0], Moments.Mean(values), Moments.StandardDeviation(values) / Math.Sqrt(values.Length));
        })]))];
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
        var floor = MonteCarloFloor.Draw(leftOut.Sample, count, count, TableObservables.Of(schema), resamplings, seed, cancellation: cancellation);
        (EventSample Sample, double Weight)[] samples = [.. neighbours.Select(n => (n.Point.Sample, n.Weight))];
        (string Name, Func<EventSample> Draw)[] candidates =
        [
            ("model", () => GeneratedSample.Draw(model, new EventStream(seed, leftOut.Values), count, cancellation: cancellation)),
            ("nearest point", () => Spread(nearest.Sample, count)),
            ("vertical morphing", () => VerticalMorphing.Mix(samples, count)),
            ("moment morphing", () => VerticalMorphing.Mix(MomentMorphing.Move(samples), count)),
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

    private ClosureCandidate Compare(string name, EventSample reference, EventSample candidate, MonteCarloFloor floor, CancellationToken cancellation)
    {
        var results = ObservableComparison.Compare(reference, candidate, floor, cancellation);
        var classifier = C2st.Run(FeatureMatrix.OfTable(reference, schema), FeatureMatrix.OfTable(candidate, schema), new C2stOptions { Seed = seed }, cancellation: cancellation);
        ClosureObservable[] observables = [.. results.Select((r, c) =>
        {
            var (values, expected) = (Column(candidate, c), Column(reference, c));
            return new ClosureObservable(r.Name, r.Wasserstein.Value, r.Wasserstein.Ratio, Moments.Mean(values), Moments.Mean(expected), Moments.StandardDeviation(expected) / Math.Sqrt(expected.Length));
        })];
        double[] ratios = [.. observables.Select(o => o.Ratio).Order()];
        return new ClosureCandidate(name, classifier.Roc.Auc, classifier.Roc.Error, (ratios[(ratios.Length - 1) / 2] + ratios[ratios.Length / 2]) / 2, ratios[^1], observables);
    }

    private static EventSample Spread(EventSample sample, int count) => EventSubset.At(sample, Enumerable.Range(0, count).Select(k => (int)((long)k * sample.Count / count)));

    private static double[] Column(EventSample sample, int column)
    {
        var values = new double[sample.Count];
        for (var k = 0; k < values.Length; k++)
        {
            values[k] = sample.Row(k)[column];
        }

        return values;
    }
}

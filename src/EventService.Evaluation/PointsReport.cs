using System.Text.Json;

using EventService.Models.Documents;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>Figures of one point in the overview of all.</summary>
/// <param name="Name">As in "mGluino=1400".</param>
/// <param name="Events">The events of each kind that were compared.</param>
/// <param name="Auc">The AUC of the classifier.</param>
/// <param name="AucError">Its standard error.</param>
/// <param name="MedianWassersteinRatio">W1 over its Monte Carlo floor, median observable.</param>
/// <param name="LargestWassersteinRatio">The same of the worst observable.</param>
/// <param name="WorstObservable">Which one that is.</param>
public sealed record PointSummary(string Name, int Events, double Auc, double AucError, double MedianWassersteinRatio, double LargestWassersteinRatio, string WorstObservable);

/// <summary>The mean of an observable at a point, over the events in which it is defined.</summary>
/// <param name="Point">As in "mGluino=1400".</param>
/// <param name="MonteCarlo">The Monte Carlo events.</param>
/// <param name="MonteCarloError">Its standard error.</param>
/// <param name="Generated">The generated events, all samples together.</param>
/// <param name="GeneratedError">Its standard error.</param>
public sealed record TrendPoint(string Point, double MonteCarlo, double MonteCarloError, double Generated, double GeneratedError);

/// <summary>An observable from point to point.</summary>
/// <param name="Name">The name of the observable.</param>
/// <param name="Unit">"GeV", "rad" or "1".</param>
/// <param name="Points">In the order of the report.</param>
public sealed record ObservableTrend(string Name, string Unit, IReadOnlyList<TrendPoint> Points);

/// <summary>
/// The overview of an evaluation at several points, and one classifier for all of them together, which is shown the conditions too.
/// </summary>
public sealed record PointsReport
{
    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options) { WriteIndented = true };

    public required IReadOnlyList<PointSummary> Points { get; init; }

    /// <summary>Area of the classifier over the events of all points.</summary>
    public required double PooledAuc { get; init; }

    public required double PooledAucError { get; init; }

    /// <summary>Events of each kind that it was trained and tested with.</summary>
    public required int PooledEvents { get; init; }

    /// <summary>The trend of every observable that is defined in at least two events of each kind at every point.</summary>
    public required IReadOnlyList<ObservableTrend> Trends { get; init; }

    /// <param name="observables">Which observables.</param>
    /// <param name="points">Name, Monte Carlo and generated samples of each point.</param>
    public static IReadOnlyList<ObservableTrend> TrendsOf(IReadOnlyList<Observable> observables, IReadOnlyList<(string Name, EventSample MonteCarlo, IReadOnlyList<EventSample> Generated)> points)
    {
        ArgumentNullException.ThrowIfNull(observables);
        ArgumentNullException.ThrowIfNull(points);
        var tables = points.Select(p => (p.Name, MonteCarlo: ObservableTable.Compute(p.MonteCarlo, observables), Generated: p.Generated.Select(g => ObservableTable.Compute(g, observables)).ToArray())).ToArray();
        return [.. observables
            .Select((o, c) => new ObservableTrend(o.Name, o.Unit, [.. tables.Select(t =>
            {
                var ((mean, error), (generated, generatedError)) = (MeanOf(t.MonteCarlo.Columns[c]), MeanOf(t.Generated.SelectMany(g => g.Columns[c])));
                return new TrendPoint(t.Name, mean, error, generated, generatedError);
            })]))
            .Where(t => t.Points.All(p => double.IsFinite(p.MonteCarloError) && double.IsFinite(p.GeneratedError)))];
    }

    private static (double Mean, double Error) MeanOf(IEnumerable<double> values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        return finite.Length < 2 ? (double.NaN, double.NaN) : (Moments.Mean(finite), Moments.StandardDeviation(finite) / Math.Sqrt(finite.Length));
    }

    public static PointSummary Summary(PointReport point)
    {
        ArgumentNullException.ThrowIfNull(point);
        var r = point.Report;
        return new PointSummary(point.Name, r.MonteCarlo.Events, r.Auc, r.AucError, r.MedianWassersteinRatio, r.LargestWassersteinRatio, r.Worst.Name);
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}

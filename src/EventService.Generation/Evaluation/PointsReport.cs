using System.Text.Json;

namespace EventService.Generation.Evaluation;

/// <summary>Figures of one point in the overview of all.</summary>
/// <param name="Name">As in "mGluino=1400".</param>
/// <param name="Events">Of each kind that were compared.</param>
/// <param name="Auc">Of the classifier.</param>
/// <param name="AucError">Its standard error.</param>
/// <param name="MedianWassersteinRatio">W1 over its Monte Carlo floor, median observable.</param>
/// <param name="LargestWassersteinRatio">The same of the worst observable.</param>
/// <param name="WorstObservable">Which one that is.</param>
public sealed record PointSummary(string Name, int Events, double Auc, double AucError, double MedianWassersteinRatio, double LargestWassersteinRatio, string WorstObservable);

/// <summary>The overview of an evaluation at several points, and one classifier for all of them together, which is shown the conditions too.</summary>
public sealed record PointsReport
{
    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options) { WriteIndented = true };

    public required IReadOnlyList<PointSummary> Points { get; init; }

    /// <summary>Area of the classifier over the events of all points.</summary>
    public required double PooledAuc { get; init; }

    public required double PooledAucError { get; init; }

    /// <summary>Events of each kind that it was trained and tested with.</summary>
    public required int PooledEvents { get; init; }

    public static PointSummary Summary(PointReport point)
    {
        ArgumentNullException.ThrowIfNull(point);
        var r = point.Report;
        return new PointSummary(point.Name, r.MonteCarlo.Events, r.Auc, r.AucError, r.MedianWassersteinRatio, r.LargestWassersteinRatio, r.Worst.Name);
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}

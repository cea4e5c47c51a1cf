using System.Text.Json;

using EventService.Models.Documents;

namespace EventService.Evaluation.Closure;

/// <summary>An observable at a point that was left out; means are over the events in which it is defined.</summary>
/// <param name="Name">The name of the observable.</param>
/// <param name="Wasserstein">W1 to the events of the point, in their standard deviations.</param>
/// <param name="Ratio">That over its Monte Carlo floor.</param>
/// <param name="Mean">The mean of the candidate's events.</param>
/// <param name="MonteCarloMean">The Monte Carlo mean of the events of the point.</param>
/// <param name="MonteCarloMeanError">Its standard error.</param>
public sealed record ClosureObservable(string Name, double Wasserstein, double Ratio, double Mean, double MonteCarloMean, double MonteCarloMeanError);

/// <summary>Something that stands for the events of a point without having seen them.</summary>
/// <param name="Name">"model", "nearest point", "vertical morphing" or, of tables, "moment morphing".</param>
/// <param name="Auc">The AUC of the classifier that tells it from the events of the point.</param>
/// <param name="AucError">Its standard error.</param>
/// <param name="MedianWassersteinRatio">Median over the observables.</param>
/// <param name="LargestWassersteinRatio">W1 over its floor of the worst observable.</param>
/// <param name="Observables">One by one.</param>
public sealed record ClosureCandidate(string Name, double Auc, double AucError, double MedianWassersteinRatio, double LargestWassersteinRatio, IReadOnlyList<ClosureObservable> Observables);

/// <summary>A point that was left out of a training.</summary>
/// <param name="Name">As in "mGluino=1400".</param>
/// <param name="Values">The values of the conditions.</param>
/// <param name="Neighbours">The points and weights that stand for it in morphing.</param>
/// <param name="Events">The events of each kind that were compared.</param>
/// <param name="Candidates">The model that was trained without it, then what an analyst does today.</param>
public sealed record ClosurePoint(string Name, IReadOnlyList<double> Values, string Neighbours, int Events, IReadOnlyList<ClosureCandidate> Candidates);

/// <summary>A simulated mean at a value of the parameter.</summary>
/// <param name="Value">The value of the parameter.</param>
/// <param name="Mean">The mean of the observable.</param>
/// <param name="Error">Its standard error.</param>
public sealed record TrendPoint(double Value, double Mean, double Error);

/// <summary>How the mean of an observable changes with the one parameter of a grid.</summary>
/// <param name="Observable">Its name.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Parameter">Name of the parameter, with its unit.</param>
/// <param name="Simulated">All points of the grid, by rising value.</param>
public sealed record ClosureTrend(string Observable, string Unit, string Parameter, IReadOnlyList<TrendPoint> Simulated);

/// <summary>Closure of a family of models: each inner point of the grid left out in turn.</summary>
public sealed record ClosureReport
{
    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options) { WriteIndented = true };

    public required DateTimeOffset Created { get; init; }

    public required string ServiceVersion { get; init; }

    /// <summary>Name in the recipe.</summary>
    public required string Recipe { get; init; }

    /// <summary>Digest of the list of data files.</summary>
    public required string DataSha256 { get; init; }

    public required IReadOnlyList<ClosurePoint> Points { get; init; }

    /// <summary>The trends of every observable; empty where the grid has several parameters.</summary>
    public IReadOnlyList<ClosureTrend> Trends { get; init; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}

using EventService.Evaluation.Html;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Observables;

namespace EventService.Evaluation;

/// <summary>What the evaluation makes of Monte Carlo events with a known fault.</summary>
/// <param name="Name">The name of the <see cref="PlantedDistortion"/>, or "none".</param>
/// <param name="Description">What was done to the events.</param>
/// <param name="Classifier">The classifier two-sample test against undistorted events.</param>
/// <param name="WorstObservable">Name of the observable with the smallest chi-squared p-value.</param>
/// <param name="WorstObservableLabel">Its label.</param>
/// <param name="WorstObservableRatio">Its W1 over the floor.</param>
/// <param name="ObservableSignificance">Its chi-squared p-value, times the number of observables looked at, as one-sided sigmas.</param>
public sealed record PowerResult(
    string Name, string Description, C2stResult Classifier, string WorstObservable, string WorstObservableLabel, double WorstObservableRatio, double ObservableSignificance)
{
    /// <summary>Found by one of the two looks at more than three sigmas.</summary>
    public bool IsFound => Math.Max(Classifier.Significance, ObservableSignificance) > 3;
}

/// <summary>Runs the evaluation on planted distortions: what would it find, and does it leave undistorted events alone?</summary>
public static class PowerTest
{
    /// <param name="view">How the events are looked at.</param>
    /// <param name="reference">Undistorted events.</param>
    /// <param name="source">Other Monte Carlo events, a few per cent more, since a distortion may drop events.</param>
    /// <param name="distortion">The fault; null for none, the null test.</param>
    /// <param name="floor">For samples of the reference's size.</param>
    /// <param name="options">The options of the classifier; its seed also seeds the distortion.</param>
    /// <param name="export">Folder for the features, for a judge outside the house; null for none.</param>
    /// <param name="progress">As in <see cref="C2st.Run"/>.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ArgumentException">Fewer events are left than the reference has.</exception>
    public static PowerResult Run(
        EventView view,
        EventSample reference,
        EventSample source,
        PlantedDistortion? distortion,
        MonteCarloFloor floor,
        C2stOptions options,
        string? export = null,
        IProgress<(string Stage, double Fraction)>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(view);
        var distorted = distortion is null ? source : distortion.Apply(source, options.Seed);
        if (distorted.Count < reference.Count)
        {
            throw new ArgumentException($"'{distortion?.Name ?? "none"}' leaves {distorted.Count} of {source.Count} events, expected at least {reference.Count}.");
        }

        distorted = EventSubset.At(distorted, Enumerable.Range(0, reference.Count));
        var observables = ObservableComparison.Compare(reference, distorted, floor, cancellation);
        var worst = observables.Where(o => !double.IsNaN(o.ChiSquaredPValue)).MinBy(o => o.ChiSquaredPValue)!;
        var (x, y) = (view.Features(reference, cancellation), view.Features(distorted, cancellation));
        if (export is not null)
        {
            FeatureExport.Write(export, x, y);
        }

        var classifier = C2st.Run(x, y, options, progress, cancellation);
        return new PowerResult(
            distortion?.Name ?? "none",
            distortion?.Description ?? "other Monte Carlo events as they are: the null test",
            classifier,
            worst.Name,
            worst.Label,
            worst.Wasserstein.Ratio,
            SpecialFunctions.Significance(Math.Min(0.5, worst.ChiSquaredPValue * observables.Count)));
    }
}

namespace EventService.Physics.Observables;

/// <summary>
/// The observables of the whole event (sums, balances, angles, masses) as a classifier is shown them, each on the scale
/// that <see cref="Observable.Scale"/> names; NaN where the event lacks the objects, as in <see cref="ObjectLevelFeatures"/>.
/// </summary>
public static class HighLevelFeatures
{
    public static IReadOnlyList<string> Names { get; } = [.. EventObservables.HighLevel.Select(o => o.Scale switch
    {
        FeatureScale.Logarithm => "log_" + o.Name,
        FeatureScale.InverseSinh => "asinh_" + o.Name,
        _ => o.Name,
    })];

    /// <summary>Writes the features of an event; <paramref name="x"/> is as long as <see cref="Names"/>.</summary>
    public static void Fill(EventKinematics e, Span<float> x)
    {
        for (var c = 0; c < x.Length; c++)
        {
            x[c] = (float)EventObservables.HighLevel[c].Feature(e);
        }
    }
}

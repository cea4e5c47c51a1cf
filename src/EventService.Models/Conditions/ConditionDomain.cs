using EventService.Models.Sampling;

namespace EventService.Models.Conditions;

/// <summary>
/// Where in the space of its conditions a model was trained, and what no collision has. Requests are served within the convex hull of
/// <see cref="Points"/>; cross-sections and efficiencies stand at the points and are interpolated between them (<see cref="ConditionSpace"/>).
/// </summary>
public sealed record ConditionDomain
{
    /// <summary>
    /// How far from the hull of a degenerate grid (a line, a point) a request may be, as a share of each parameter's range; of its value
    /// where it has none.
    /// </summary>
    public const double DefaultTolerance = 1e-3;

    public required IReadOnlyList<TrainedPoint> Points { get; init; }

    /// <summary>What must hold of any values, trained or not, such as that a particle is heavier than what it decays to.</summary>
    public IReadOnlyList<ConditionConstraint> Constraints { get; init; } = [];

    /// <inheritdoc cref="DefaultTolerance"/>
    public double Tolerance { get; init; } = DefaultTolerance;

    /// <summary>What is wrong with it for a model with these parameters; null if nothing is.</summary>
    public string? Fault(IReadOnlyList<ConditionParameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        string[] names = [.. parameters.Select(p => p.Name)];
        return Points.Count == 0 ? "it has no trained points, expected at least one"
            : Points.FirstOrDefault(p => p.Values.Count != names.Length || !p.Values.All(double.IsFinite)) is { } odd
                ? $"a trained point has the values {string.Join(", ", odd.Values)}, expected a finite number for each of {string.Join(", ", names)}"
            : Points.FirstOrDefault(p => p.Fault() is not null) is { } faulty ? faulty.Fault()
            : Points.Any(p => p.CrossSectionPb is null) && Points.Any(p => p.CrossSectionPb is not null) ? "some trained points have a cross-section and some have none, expected all or none"
            : Points.Select(p => string.Join(',', p.Values)).Distinct().Count() < Points.Count ? "a trained point is there twice"
            : Constraints.FirstOrDefault(c => c.Terms.Count == 0 || c.Terms.Keys.Except(names).Any()) is { } other
                ? $"a constraint is on {string.Join(", ", other.Terms.Keys)}, expected some of {string.Join(", ", names)}"
            : Points.Any(p => Constraints.Any(c => !c.HoldsFor(parameters, p.Values))) ? "a trained point breaks a constraint"
            : !(Tolerance >= 0 && Tolerance <= 0.1) ? $"its tolerance is {Tolerance}, expected 0 to 0.1"
            : ConditionHull.Fault(parameters.Count, Points.Count);
    }
}

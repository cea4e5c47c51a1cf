using EventService.Models.Conditions;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;

namespace EventService.Models.ObjectFlow;

/// <summary>Object counts of events, and the acceptance of the validity filter, at one point.</summary>
/// <param name="Counts">Distribution of the counts at this point.</param>
/// <param name="Acceptance">Acceptance for each vector of <paramref name="Counts"/>.</param>
public sealed record CountPoint(CountDistribution Counts, AcceptanceTable Acceptance);

/// <summary>
/// What an object flow takes from the values of its conditions: inputs of the networks, and counts and acceptance, which stand at the
/// trained points and are interpolated between them.
/// </summary>
/// <remarks>
/// Between points the counts are the mixture p(c | values) = sum over k of w_k p_k(c) with the weights w_k of <see cref="ConditionHull"/>,
/// linear in the values: it is normalised, drawn in constant time (a point, then its alias tables) and impossible nowhere, which an
/// interpolation of logarithms or of means is not. log A is interpolated with the same weights.
/// </remarks>
public sealed class ObjectFlowConditions
{
    private readonly IReadOnlyList<ConditionParameter> _parameters;
    private readonly IReadOnlyList<DerivedInput> _derived;
    private readonly IReadOnlyList<ConditionParameter> _inputs;
    private readonly ConditionHull? _hull;
    private readonly ObjectFlowCondition[] _atPoints;

    /// <summary>Of a flow without conditions.</summary>
    public ObjectFlowConditions(CountPoint point)
    {
        (_parameters, _derived, _inputs, Points) = ([], [], [], [point]);
        _atPoints = [new ObjectFlowCondition([], [(point, 1)])];
    }

    /// <param name="parameters">The parameters with their ranges.</param>
    /// <param name="values">The values of each trained point, in the order of the parameters.</param>
    /// <param name="points">Counts and acceptance there.</param>
    /// <param name="derived">Further inputs of the networks.</param>
    /// <exception cref="ArgumentException">Values and points are not as many.</exception>
    public ObjectFlowConditions(IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<IReadOnlyList<double>> values, IReadOnlyList<CountPoint> points, IReadOnlyList<DerivedInput>? derived = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(points);
        if (values.Count != points.Count || points.Count == 0)
        {
            throw new ArgumentException($"There are {points.Count} distributions of counts at {values.Count} points, expected one at each, and a point.", nameof(points));
        }

        (_parameters, Points, _hull) = (parameters, points, new ConditionHull(values));
        _derived = derived ?? [];
        _inputs = WithDerived(parameters, values, _derived);
        _atPoints = [.. values.Select((v, k) => new ObjectFlowCondition(InputsOf(v), [(points[k], 1)]))];
    }

    /// <summary>Counts and acceptance at the trained points.</summary>
    public IReadOnlyList<CountPoint> Points { get; }

    /// <summary>
    /// Values as the networks take them: each parameter from -1 to 1 over its range, by its logarithm where that is above 0: momenta go
    /// with ratios of masses.
    /// </summary>
    public static double[] InputsOf(IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(values);
        return [.. parameters.Select((p, k) =>
            !(p.Maximum > p.Minimum) ? 0
            : p.Minimum > 0 ? (2 * Log.Of(values[k] / p.Minimum) / Log.Of(p.Maximum / p.Minimum)) - 1
            : (2 * (values[k] - p.Minimum) / (p.Maximum - p.Minimum)) - 1)];
    }

    /// <summary>The same for parameters and further inputs, these over their range at the trained points.</summary>
    public static double[] InputsOf(IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<IReadOnlyList<double>> points, IReadOnlyList<DerivedInput> derived, IReadOnlyList<double> values) =>
        InputsOf(WithDerived(parameters, points, derived), [.. values, .. derived.Select(d => d.Of(parameters, values))]);

    private double[] InputsOf(IReadOnlyList<double> values) => InputsOf(_inputs, [.. values, .. _derived.Select(d => d.Of(_parameters, values))]);

    private static IReadOnlyList<ConditionParameter> WithDerived(IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<IReadOnlyList<double>> points, IReadOnlyList<DerivedInput> derived) =>
        [.. parameters, .. derived.Select(d =>
        {
            double[] at = [.. points.Select(p => d.Of(parameters, p)).Distinct().Order()];
            return new ConditionParameter("", "", "", at[0], at[^1], at);
        })];

    /// <summary>At trained point <paramref name="point"/>.</summary>
    public ObjectFlowCondition AtPoint(int point) => _atPoints[point];

    /// <summary>At values of all parameters.</summary>
    /// <exception cref="ArgumentException">They are not as many as the parameters.</exception>
    public ObjectFlowCondition At(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count != _parameters.Count)
        {
            throw new ArgumentException($"The condition has {values.Count} values, expected {(_parameters.Count == 0 ? "none" : string.Join(", ", _parameters.Select(p => p.Name)))}.", nameof(values));
        }

        if (_hull is null)
        {
            return _atPoints[0];
        }

        return new ObjectFlowCondition(InputsOf(values), [.. _hull.Locate(values).Weights.Select(w => (Points[w.Point], w.Weight))]);
    }
}

using System.Globalization;

using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.Conditions;

/// <summary>
/// The values that a model's conditions may have: what cannot be, what the model was trained on, where it is on weak ground, and what
/// cross-section and efficiency belong to them.
/// </summary>
/// <remarks>
/// Between trained points: with the weights of <see cref="ConditionHull"/> the logarithm of the cross-section and the efficiency itself are
/// linear in the parameters; at a trained point they are its own. A model whose document has no <see cref="ConditionDomain"/> has the
/// ranges of its parameters as hull and one cross-section and efficiency.
/// </remarks>
public sealed class ConditionSpace
{
    private readonly ConditionDomain? _domain;
    private readonly PointYield _yield;
    private readonly ConditionHull? _hull;
    private readonly double _tolerance;

    /// <param name="parameters">The parameters of the model; empty for an unconditional one.</param>
    /// <param name="domain">Where it was trained; null where the ranges of the parameters are all that is known.</param>
    /// <param name="yield">Cross-section and efficiency where the points of the domain have none of their own.</param>
    /// <exception cref="ModelFormatException">The domain does not belong to the parameters, or one of their alternatives is
    /// faulty.</exception>
    public ConditionSpace(IReadOnlyList<ConditionParameter> parameters, ConditionDomain? domain, PointYield yield)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (AlternativeFault(parameters) is { } wrong)
        {
            throw new ModelFormatException($"The conditions are not understood: {wrong}.");
        }

        if (domain?.Fault(parameters) is { } fault)
        {
            throw new ModelFormatException($"The domain of the conditions is not understood: {fault}.");
        }

        (Parameters, _domain, _yield) = (parameters, domain, yield);
        _hull = domain is null ? null : new ConditionHull([.. domain.Points.Select(p => p.Values)]);
        _tolerance = _hull is null || _hull.Rank == parameters.Count ? ConditionHull.Rounding : domain!.Tolerance;
        DescribeHull();
    }

    public IReadOnlyList<ConditionParameter> Parameters { get; }

    /// <summary>The trained points; empty where the document has none together with all their values.</summary>
    public IReadOnlyList<TrainedPoint> Points => _domain?.Points ?? [];

    /// <summary>Whether cross-section and efficiency depend on the values.</summary>
    public bool HasYields => _domain?.Points[0].CrossSectionPb is not null;

    /// <summary>The hull in words, such as "mGluino from 1000 to 2200 GeV".</summary>
    public string HullText { get; private set; } = "";

    /// <summary>"interval", "box", "point", "line", "polygon" or "polyhedron".</summary>
    public string HullKind { get; private set; } = "";

    /// <summary>The corners of the hull: values of all parameters; empty for a box.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Corners { get; private set; } = [];

    /// <summary>How far from a degenerate hull values may be, see <see cref="ConditionDomain.Tolerance"/>; null where it is none.</summary>
    public double? Tolerance => _hull is null || _hull.Rank == Parameters.Count ? null : _tolerance;

    /// <summary>Checks values of all parameters.</summary>
    /// <exception cref="RequestException">No collision has them (a bad value), or the model was not trained there (it cannot).</exception>
    public void Require(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var constraint in _domain?.Constraints ?? [])
        {
            if (!constraint.HoldsFor(Parameters, values))
            {
                throw new RequestException(RequestFault.BadValue, $"{Text(values)} cannot be: {constraint.Meaning}. Expected {constraint}.");
            }
        }

        if (_hull is null)
        {
            RequireInBox(values);
        }
        else if (_hull.Locate(values) is var place && place.Distance > _tolerance)
        {
            throw Outside(Parameters.Count == 1 ? $"{Is(Parameters[0], values[0])}," : $"The point {Text(values)} is", HullText, place.Nearest);
        }
    }

    /// <summary>What a user should know of values that are allowed: those beside which no point was trained on one side.</summary>
    public IReadOnlyList<string> WarningsAt(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (Points.Any(p => p.Values.SequenceEqual(values)))
        {
            return [];
        }

        return [.. Parameters.Select((p, k) => (Parameter: p, Value: values[k], Grid: GridOf(k)))
            .Where(x => x.Grid.Length > 1 && !x.Grid.Contains(x.Value) && (x.Value < x.Grid[1] || x.Value > x.Grid[^2]))
            .Select(x => $"{Is(x.Parameter, x.Value)}, in the outermost interval of the trained points, {Interval(x.Parameter, x.Grid, x.Value)}: none beyond it holds the interpolation.")];
    }

    /// <summary>Cross-section and efficiency at values that are allowed.</summary>
    public PointYield YieldAt(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (!HasYields)
        {
            return _yield;
        }

        var weights = _hull!.Locate(values).Weights;
        if (weights is [var (only, _)])
        {
            return new PointYield(Points[only].CrossSectionPb!.Value, Points[only].SelectionEfficiency!.Value);
        }

        var (logarithm, efficiency) = (0.0, 0.0);
        foreach (var (point, weight) in weights)
        {
            logarithm += weight * Log.Of(Points[point].CrossSectionPb!.Value);
            efficiency += weight * Points[point].SelectionEfficiency!.Value;
        }

        return new PointYield(Exp.Of(logarithm), efficiency);
    }

    /// <summary>As in "mGluino=1500 GeV, mLSP=100 GeV", or "eps=0.5 (mChargino=1150 GeV)".</summary>
    public string Text(IReadOnlyList<double> values) => string.Join(", ", Parameters.Select((p, k) =>
        $"{p.Name}={Number(values[k])}{Unit(p.Unit)}{Beside(p, a => $"{a.Name}={Number(a.At(values[k]))}{Unit(a.Unit)}")}"));

    /// <summary>The values of the parameters' alternatives by name; null where there are none.</summary>
    public IReadOnlyDictionary<string, double>? AlternativesAt(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var alternatives = Parameters.Zip(values).Where(p => p.First.Alternative is not null).ToDictionary(p => p.First.Alternative!.Name, p => p.First.Alternative!.At(p.Second));
        return alternatives.Count > 0 ? alternatives : null;
    }

    /// <summary>Different trained values of a parameter, rising.</summary>
    public double[] GridOf(int parameter) => Points.Count > 0
        ? [.. Points.Select(p => p.Values[parameter]).Distinct().Order()]
        : [.. Parameters[parameter].TrainedPoints.Distinct().Order()];

    // Whoever asked by an alternative reads it beside the parameter, and the other way round: messages are the same for both.

    /// <summary>As in "mGluino is 900 GeV", or "eps is 0.8 (mChargino is 1780 GeV)".</summary>
    private static string Is(ConditionParameter parameter, double value) =>
        $"{parameter.Name} is {Number(value)}{Unit(parameter.Unit)}{Beside(parameter, a => $"{a.Name} is {Number(a.At(value))}{Unit(a.Unit)}")}";

    /// <summary>As in "1000 to 2200 GeV", or "0.25 to 0.75 (mChargino 625 to 1675 GeV)".</summary>
    internal static string RangeOf(ConditionParameter parameter, double from, double to) =>
        $"{Number(from)} to {Number(to)}{Unit(parameter.Unit)}{Beside(parameter, a => $"{a.Name} {Number(a.At(from))} to {Number(a.At(to))}{Unit(a.Unit)}")}";

    private static string Beside(ConditionParameter parameter, Func<AlternativeParameter, string> text) => parameter.Alternative is { } alternative ? $" ({text(alternative)})" : "";

    private static string Unit(string unit) => unit is "1" or "" ? "" : " " + unit;

    // As many digits as tell the values of a request; a nearest point is allowed itself when it is sent back.
    private static string Number(double value) => value.ToString("G9", CultureInfo.InvariantCulture);

    private static string Interval(ConditionParameter parameter, double[] grid, double value) =>
        value < grid[1] ? RangeOf(parameter, grid[0], grid[1]) : RangeOf(parameter, grid[^2], grid[^1]);

    private void RequireInBox(IReadOnlyList<double> values)
    {
        for (var k = 0; k < Parameters.Count; k++)
        {
            var p = Parameters[k];
            if (!(values[k] >= p.Minimum && values[k] <= p.Maximum))
            {
                throw Outside($"{Is(p, values[k])},", RangeOf(p, p.Minimum, p.Maximum), [.. values.Select((v, d) => Math.Clamp(v, Parameters[d].Minimum, Parameters[d].Maximum))]);
            }
        }
    }

    /// <summary>What is wrong with the alternatives of parameters; null if nothing is.</summary>
    internal static string? AlternativeFault(IReadOnlyList<ConditionParameter> parameters) =>
        parameters.Select(p => p.Alternative?.Fault()).FirstOrDefault(f => f is not null)
        ?? (parameters.Where(p => p.Alternative is { } a && parameters.SelectMany(o => o.Names).Count(n => n == a.Name) > 1).Select(p => p.Alternative!.Name).FirstOrDefault() is { } taken
            ? $"the alternative '{taken}' has the name of another parameter or alternative"
            : null);

    private RequestException Outside(string what, string hull, IReadOnlyList<double> nearest) => new(RequestFault.Cannot,
        $"{what} outside what this model was trained on: {hull}. The nearest point that it has is {string.Join(", ", Parameters.Select((p, k) => $"{p.Name}={Number(nearest[k])}{Beside(p, a => $"{a.Name}={Number(a.At(nearest[k]))}")}"))}.");

    private void DescribeHull()
    {
        if (_hull is null)
        {
            HullKind = Parameters.Count == 1 ? "interval" : "box";
            HullText = string.Join(", ", Parameters.Select(p => Parameters.Count == 1 ? RangeOf(p, p.Minimum, p.Maximum) : $"{p.Name} {RangeOf(p, p.Minimum, p.Maximum)}"));
            Corners = Parameters.Count == 1 ? [[Parameters[0].Minimum], [Parameters[0].Maximum]] : [];
            return;
        }

        Corners = [.. _hull.Corners.Select(k => Points[k].Values)];
        HullKind = _hull.Rank switch { 0 => "point", 1 => Parameters.Count == 1 ? "interval" : "line", 2 => "polygon", _ => "polyhedron" };
        HullText = HullKind == "interval"
            ? RangeOf(Parameters[0], Corners.Min(c => c[0]), Corners.Max(c => c[0]))
            : $"the {HullKind} of {string.Join("; ", Corners.Select(Text))}"
                + (Tolerance is { } tolerance ? string.Create(CultureInfo.InvariantCulture, $", within {tolerance:P1} of each parameter's range (of its value where it has none)") : "");
    }
}

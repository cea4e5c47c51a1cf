using System.Globalization;

using EventService.Generation.Requests;
using EventService.Numerics.Functions;

namespace EventService.Generation.Conditions;

/// <summary>
/// The values that a model's conditions may have: what cannot be, what the model was trained on, where it is on weak ground, and what cross-section and
/// efficiency belong to them.
/// </summary>
/// <remarks>
/// Between trained points: with the weights of <see cref="ConditionHull"/> the logarithm of the cross-section and the efficiency itself are linear in the
/// parameters; at a trained point they are its own. A model whose document has no <see cref="ConditionDomain"/> has the ranges of its parameters as
/// hull and one cross-section and efficiency.
/// </remarks>
public sealed class ConditionSpace
{
    private readonly ModelDocument _document;
    private readonly ConditionHull? _hull;
    private readonly double _tolerance;

    private ConditionSpace(ModelDocument document)
    {
        _document = document;
        _hull = document.Domain is { } domain ? new ConditionHull([.. domain.Points.Select(p => p.Values)]) : null;
        _tolerance = _hull is null || _hull.Rank == Parameters.Count ? ConditionHull.Rounding : document.Domain!.Tolerance;
    }

    public IReadOnlyList<ConditionParameter> Parameters => _document.Conditions;

    /// <summary>The trained points; empty where the document has none together with all their values.</summary>
    public IReadOnlyList<TrainedPoint> Points => _document.Domain?.Points ?? [];

    /// <summary>Whether cross-section and efficiency depend on the values.</summary>
    public bool HasYields => _document.Domain?.Points[0].CrossSectionPb is not null;

    /// <summary>The hull in words, such as "mGluino from 1000 to 2200 GeV".</summary>
    public string HullText { get; private set; } = "";

    /// <summary>"interval", "box", "point", "line", "polygon" or "polyhedron".</summary>
    public string HullKind { get; private set; } = "";

    /// <summary>The corners of the hull: values of all parameters; empty for a box.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Corners { get; private set; } = [];

    /// <summary>How far from a degenerate hull values may be, see <see cref="ConditionDomain.Tolerance"/>; null where it is none.</summary>
    public double? Tolerance => _hull is null || _hull.Rank == Parameters.Count ? null : _tolerance;

    /// <exception cref="ModelFormatException">The document's domain is not one of its parameters.</exception>
    public static ConditionSpace Of(ModelDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.Domain?.Fault(document.Conditions) is { } fault)
        {
            throw new ModelFormatException($"The domain of the conditions is not understood: {fault}.");
        }

        var space = new ConditionSpace(document);
        space.DescribeHull();
        return space;
    }

    /// <summary>Values of all parameters from the texts of a request, checked by <see cref="Require"/>.</summary>
    /// <exception cref="RequestException">One is missing, no number, or they are not allowed.</exception>
    public IReadOnlyList<double> Parse(IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        double[] values = [.. Parameters.Select(p => RequestValue.Number(TextOf(p, texts), p.Name))];
        Require(values);
        return values;
    }

    /// <summary>The text of a parameter in a request.</summary>
    /// <exception cref="RequestException">There is none; the message says what it may be.</exception>
    public static string TextOf(ConditionParameter parameter, IReadOnlyDictionary<string, string> texts)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        ArgumentNullException.ThrowIfNull(texts);
        return texts.TryGetValue(parameter.Name, out var text)
            ? text
            : throw new RequestException(RequestFault.BadValue, $"{parameter.Name} is not given; this model needs it, {RangeOf(parameter)}: {parameter.Description}.");
    }

    /// <summary>Checks values of all parameters.</summary>
    /// <exception cref="RequestException">No collision has them (a bad value), or the model was not trained there (it cannot).</exception>
    public void Require(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var constraint in _document.Domain?.Constraints ?? [])
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
            throw Outside(Parameters.Count == 1 ? $"{Parameters[0].Name} is {Number(values[0])} {Parameters[0].Unit}," : $"The point {Text(values)} is", HullText, place.Nearest);
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
            .Select(x => $"{x.Parameter.Name} is {Number(x.Value)} {x.Parameter.Unit}, in the outermost interval of the trained points, {Interval(x.Grid, x.Value)} {x.Parameter.Unit}: none beyond it holds the interpolation.")];
    }

    /// <summary>Cross-section and efficiency at values that are allowed.</summary>
    public PointYield YieldAt(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (!HasYields)
        {
            return new PointYield(_document.CrossSectionPb, _document.SelectionEfficiency);
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

    /// <summary>As in "mGluino=1500 GeV, mLSP=100 GeV".</summary>
    public string Text(IReadOnlyList<double> values) => string.Join(", ", Parameters.Select((p, k) => $"{p.Name}={Number(values[k])}{(p.Unit is "1" or "" ? "" : " " + p.Unit)}"));

    /// <summary>Different trained values of a parameter, rising.</summary>
    public double[] GridOf(int parameter) => Points.Count > 0
        ? [.. Points.Select(p => p.Values[parameter]).Distinct().Order()]
        : [.. Parameters[parameter].TrainedPoints.Distinct().Order()];

    /// <summary>As in "1000 to 2200 GeV".</summary>
    private static string RangeOf(ConditionParameter parameter) => $"{Number(parameter.Minimum)} to {Number(parameter.Maximum)} {parameter.Unit}";

    // As many digits as tell the values of a request; a nearest point is allowed itself when it is sent back.
    private static string Number(double value) => value.ToString("G9", CultureInfo.InvariantCulture);

    private static string Interval(double[] grid, double value) =>
        value < grid[1] ? $"{Number(grid[0])} to {Number(grid[1])}" : $"{Number(grid[^2])} to {Number(grid[^1])}";

    private void RequireInBox(IReadOnlyList<double> values)
    {
        for (var k = 0; k < Parameters.Count; k++)
        {
            var p = Parameters[k];
            if (!(values[k] >= p.Minimum && values[k] <= p.Maximum))
            {
                throw Outside($"{p.Name} is {Number(values[k])} {p.Unit},", RangeOf(p), [.. values.Select((v, d) => Math.Clamp(v, Parameters[d].Minimum, Parameters[d].Maximum))]);
            }
        }
    }

    private RequestException Outside(string what, string hull, IReadOnlyList<double> nearest) => new(RequestFault.Cannot,
        $"{what} outside what this model was trained on: {hull}. The nearest point that it has is {string.Join(", ", Parameters.Select((p, k) => $"{p.Name}={Number(nearest[k])}"))}.");

    private void DescribeHull()
    {
        if (_hull is null)
        {
            HullKind = Parameters.Count == 1 ? "interval" : "box";
            HullText = string.Join(", ", Parameters.Select(p => Parameters.Count == 1 ? RangeOf(p) : $"{p.Name} {RangeOf(p)}"));
            Corners = Parameters.Count == 1 ? [[Parameters[0].Minimum], [Parameters[0].Maximum]] : [];
            return;
        }

        Corners = [.. _hull.Corners.Select(k => Points[k].Values)];
        HullKind = _hull.Rank switch { 0 => "point", 1 => Parameters.Count == 1 ? "interval" : "line", 2 => "polygon", _ => "polyhedron" };
        HullText = HullKind == "interval"
            ? string.Create(CultureInfo.InvariantCulture, $"{Number(Corners.Min(c => c[0]))} to {Number(Corners.Max(c => c[0]))} {Parameters[0].Unit}")
            : $"the {HullKind} of {string.Join("; ", Corners.Select(Text))}"
                + (Tolerance is { } tolerance ? string.Create(CultureInfo.InvariantCulture, $", within {tolerance:P1} of each parameter's range (of its value where it has none)") : "");
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Models.Documents;

namespace EventService.Models.Columns;

/// <summary>The maps of one column, from the observable to the number that the flow sees, applied one after another.</summary>
public sealed class ColumnPreprocessing
{
    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        IgnoreReadOnlyProperties = true,
    };

    private readonly ObservableMap[] _maps;

    /// <exception cref="ArgumentException">A map has parameters that it cannot have.</exception>
    public ColumnPreprocessing(IReadOnlyList<ObservableMap> maps)
    {
        ArgumentNullException.ThrowIfNull(maps);
        _maps = [.. maps];
        if (_maps.Select(m => m?.Fault() ?? (m is null ? "a map is null" : null)).FirstOrDefault(f => f is not null) is { } fault)
        {
            throw new ArgumentException($"The map {fault}.");
        }
    }

    public IReadOnlyList<ObservableMap> Maps => _maps;

    /// <summary>The maps of all columns as documents have them.</summary>
    public static JsonElement Describe(IReadOnlyList<ColumnPreprocessing> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        return JsonSerializer.SerializeToElement(columns.Select(c => c.Maps).ToArray(), s_options);
    }

    /// <summary>The maps of all columns from a document.</summary>
    /// <exception cref="JsonException">There are other maps than are known.</exception>
    /// <exception cref="ArgumentException">A map has parameters that it cannot have.</exception>
    public static ColumnPreprocessing[] Read(JsonElement preprocessing) =>
        [.. (preprocessing.Deserialize<ObservableMap[][]>(s_options) ?? []).Select(maps => new ColumnPreprocessing(maps))];

    /// <summary>The cells that the values of a grid are spread over; null for a continuous column.</summary>
    public ObservableMap.Dequantise? Dequantisation => _maps.Length > 0 ? _maps[0] as ObservableMap.Dequantise : null;

    /// <summary>Whether a map is another one under each value of the flow's condition.</summary>
    public bool TakesCondition => Array.Exists(_maps, m => m.TakesCondition);

    /// <summary>The maps under a condition, as gates take it, -1 to 1.</summary>
    public ColumnPreprocessing At(double condition) => TakesCondition ? new ColumnPreprocessing(Array.ConvertAll(_maps, m => m.At(condition))) : this;

    /// <summary>The flow's number t and log dt/dx; false where x is outside the domain of a map, or a map takes a condition.</summary>
    public bool TryForward(double x, out double t, out double logDerivative) => TryForward(x, double.NaN, out t, out logDerivative);

    /// <summary>The same under a condition, as gates take it, -1 to 1; of no meaning to maps that take none.</summary>
    public bool TryForward(double x, double condition, out double t, out double logDerivative)
    {
        (t, logDerivative) = (x, 0);
        foreach (var map in _maps)
        {
            (t, var log) = map.Forward(t, condition);
            logDerivative += log;
        }

        return double.IsFinite(t) && double.IsFinite(logDerivative);
    }

    /// <summary>
    /// The observable of a flow's number, rounded to float32. Where the rounding leads onto the edge of an open domain, the neighbour
    /// inside. Not finite where it is too large for a float32.
    /// </summary>
    public float Inverse(double t) => Inverse(t, double.NaN);

    /// <summary>The same under a condition, as gates take it, -1 to 1; of no meaning to maps that take none.</summary>
    public float Inverse(double t, double condition)
    {
        for (var m = _maps.Length - 1; m >= 0; m--)
        {
            t = _maps[m].Inverse(t, condition);
        }

        var x = (float)t;
        return !float.IsFinite(x) || TryForward(x, condition, out _, out _) ? x
            : TryForward(MathF.BitIncrement(x), condition, out _, out _) ? MathF.BitIncrement(x)
            : TryForward(MathF.BitDecrement(x), condition, out _, out _) ? MathF.BitDecrement(x)
            : float.NaN;
    }
}

namespace EventService.Evaluation.Html;

/// <summary>A linear or logarithmic axis that maps values to pixels and knows its ticks.</summary>
internal sealed class Axis
{
    private readonly double _low;
    private readonly double _high;
    private readonly double _from;
    private readonly double _to;

    private Axis(double low, double high, double from, double to, bool isLogarithmic)
    {
        (_low, _high, _from, _to, IsLogarithmic) = (low, high, from, to, isLogarithmic);
    }

    public bool IsLogarithmic { get; }

    public static Axis Linear(double low, double high, double from, double to) => new(low, high, from, to, false);

    public static Axis Logarithmic(double low, double high, double from, double to) => new(low, high, from, to, true);

    public double At(double value)
    {
        var share = IsLogarithmic
            ? Math.Log(Math.Max(value, 1e-300) / _low) / Math.Log(_high / _low)
            : (value - _low) / (_high - _low);
        return _from + Math.Clamp(share, -0.5, 1.5) * (_to - _from);
    }

    /// <summary>About <paramref name="count"/> round values; on a logarithmic axis powers of ten.</summary>
    public IEnumerable<(double Value, string Text)> Ticks(int count)
    {
        if (IsLogarithmic)
        {
            var (first, last) = ((int)Math.Ceiling(Math.Log10(_low) - 1e-9), (int)Math.Floor(Math.Log10(_high) + 1e-9));
            var stride = Math.Max(1, (int)Math.Ceiling((last - first) / (double)count));
            for (var power = first; power <= last; power += stride)
            {
                yield return (Math.Pow(10, power), power is >= -2 and <= 3 ? $"{Math.Pow(10, power):0.##}" : $"10{Superscript(power)}");
            }

            yield break;
        }

        var step = Step((_high - _low) / count);
        for (var k = Math.Ceiling(_low / step - 1e-9); k * step <= _high + 1e-9 * step; k++)
        {
            var value = k * step;
            yield return (value, value == 0 ? "0" : $"{value:0.######}".Replace("-", "−", StringComparison.Ordinal));
        }
    }

    private static double Step(double step)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(step)));
        return (step / power) switch { <= 1 => power, <= 2 => 2 * power, <= 5 => 5 * power, _ => 10 * power };
    }

    private static string Superscript(int power) =>
        string.Concat($"{power}".Select(c => c switch { '-' => '⁻', '1' => '¹', '2' => '²', '3' => '³', _ => (char)('⁰' + (c - '0')) }));
}

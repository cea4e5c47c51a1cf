using EventService.Numerics.Functions;

namespace EventService.Generation.Architectures.Flows.Continuous;

/// <summary>log |det A| of a small dense matrix, by elimination with row pivots.</summary>
internal static class LogDeterminant
{
    /// <summary>Minus infinity for a singular matrix, NaN where an element is.</summary>
    /// <param name="a">[n, n], overwritten.</param>
    /// <param name="n">Rows.</param>
    public static double Of(Span<double> a, int n)
    {
        double log = 0;
        for (var k = 0; k < n; k++)
        {
            var pivot = k;
            for (var r = k + 1; r < n; r++)
            {
                pivot = Math.Abs(a[(r * n) + k]) > Math.Abs(a[(pivot * n) + k]) ? r : pivot;
            }

            for (var c = k; c < n && pivot != k; c++)
            {
                (a[(k * n) + c], a[(pivot * n) + c]) = (a[(pivot * n) + c], a[(k * n) + c]);
            }

            var diagonal = a[(k * n) + k];
            log += Log.Of(Math.Abs(diagonal));
            for (var r = k + 1; r < n; r++)
            {
                var factor = a[(r * n) + k] / diagonal;
                for (var c = k + 1; c < n; c++)
                {
                    a[(r * n) + c] -= factor * a[(k * n) + c];
                }
            }
        }

        return log;
    }
}

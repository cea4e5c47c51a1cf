using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Workspaces;

/// <summary>A small dense matrix as P A = L U, by elimination with row pivots: log |det A| and the solutions of A x = b.</summary>
internal static class DenseLu
{
    /// <summary>Factorises in place; gives log |det A|: minus infinity for a singular matrix, NaN where an element is.</summary>
    /// <param name="a">[n, n]; receives U and, below the diagonal, L, whose diagonal is 1.</param>
    /// <param name="pivots">[n]; receives the row that row k was exchanged with before step k.</param>
    /// <param name="n">Rows.</param>
    public static double Factorise(Span<double> a, Span<int> pivots, int n)
    {
        double log = 0;
        for (var k = 0; k < n; k++)
        {
            var pivot = k;
            for (var r = k + 1; r < n; r++)
            {
                pivot = Math.Abs(a[(r * n) + k]) > Math.Abs(a[(pivot * n) + k]) ? r : pivot;
            }

            pivots[k] = pivot;
            for (var c = 0; c < n && pivot != k; c++)
            {
                (a[(k * n) + c], a[(pivot * n) + c]) = (a[(pivot * n) + c], a[(k * n) + c]);
            }

            var upper = a.Slice(k * n, n);
            var diagonal = upper[k];
            log += Log.Of(Math.Abs(diagonal));
            for (var r = k + 1; r < n; r++)
            {
                var row = a.Slice(r * n, n);
                var factor = row[k] /= diagonal;
                for (var c = k + 1; c < row.Length; c++)
                {
                    row[c] -= factor * upper[c];
                }
            }
        }

        return log;
    }

    /// <summary>b becomes x with A x = b.</summary>
    /// <param name="lu">From <see cref="Factorise"/>.</param>
    /// <param name="pivots">From the same.</param>
    /// <param name="b">[n].</param>
    public static void Solve(ReadOnlySpan<double> lu, ReadOnlySpan<int> pivots, Span<double> b)
    {
        var n = b.Length;
        for (var k = 0; k < n; k++)
        {
            (b[k], b[pivots[k]]) = (b[pivots[k]], b[k]);
        }

        for (var r = 1; r < n; r++)
        {
            for (var c = 0; c < r; c++)
            {
                b[r] -= lu[(r * n) + c] * b[c];
            }
        }

        for (var r = n - 1; r >= 0; r--)
        {
            for (var c = r + 1; c < n; c++)
            {
                b[r] -= lu[(r * n) + c] * b[c];
            }

            b[r] /= lu[(r * n) + r];
        }
    }
}

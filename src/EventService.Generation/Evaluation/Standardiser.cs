using EventService.Physics.Observables;

namespace EventService.Generation.Evaluation;

/// <summary>
/// Shifts and scales each feature to mean 0 and standard deviation 1 over the rows that have it. Missing values (NaN) become 0, the mean,
/// and what lies beyond 8 standard deviations is drawn in to there.
/// </summary>
public sealed class Standardiser
{
    private const float Limit = 8;

    private readonly float[] _mean;
    private readonly float[] _scale;

    private Standardiser(float[] mean, float[] scale)
    {
        _mean = mean;
        _scale = scale;
    }

    /// <summary>Mean and deviation over the given rows of both samples together.</summary>
    public static Standardiser Fit(FeatureMatrix first, ReadOnlySpan<int> firstRows, FeatureMatrix second, ReadOnlySpan<int> secondRows)
    {
        var columns = first.Columns;
        var (count, sum, square) = (new double[columns], new double[columns], new double[columns]);
        void Add(FeatureMatrix matrix, ReadOnlySpan<int> rows)
        {
            foreach (var k in rows)
            {
                var row = matrix.Row(k);
                for (var c = 0; c < columns; c++)
                {
                    if (float.IsFinite(row[c]))
                    {
                        count[c]++;
                        sum[c] += row[c];
                        square[c] += (double)row[c] * row[c];
                    }
                }
            }
        }

        Add(first, firstRows);
        Add(second, secondRows);
        var (mean, scale) = (new float[columns], new float[columns]);
        for (var c = 0; c < columns; c++)
        {
            var m = count[c] > 0 ? sum[c] / count[c] : 0;
            var variance = count[c] > 0 ? square[c] / count[c] - m * m : 0;
            mean[c] = (float)m;

            // A constant feature stays at 0.
            scale[c] = variance > 1e-10 * (1 + m * m) ? (float)(1 / Math.Sqrt(variance)) : 0;
        }

        return new Standardiser(mean, scale);
    }

    /// <summary>Standardised rows of a sample, row-major.</summary>
    public float[] Apply(FeatureMatrix matrix)
    {
        var columns = matrix.Columns;
        var result = new float[matrix.Values.Length];
        Parallel.For(0, matrix.Rows, k =>
        {
            var row = matrix.Row(k);
            var y = result.AsSpan(k * columns, columns);
            for (var c = 0; c < columns; c++)
            {
                var z = (row[c] - _mean[c]) * _scale[c];
                y[c] = float.IsNaN(z) ? 0 : Math.Clamp(z, -Limit, Limit);
            }
        });
        return result;
    }
}

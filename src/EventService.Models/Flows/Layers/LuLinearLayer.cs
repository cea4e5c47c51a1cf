using EventService.Engine.Kernels;
using EventService.Models.Flows.Workspaces;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Layers;

/// <summary>
/// y = L U x + b with L lower triangular with ones on its diagonal and U upper triangular with a positive one: the linear layer of Durkan
/// et al., "Neural spline flows", NeurIPS 2019, arXiv:1906.04032, sec. 3.2, after Kingma and Dhariwal, "Glow", NeurIPS 2018,
/// arXiv:1807.03039, eq. 10. The inverse solves both triangles, in double precision.
/// </summary>
public sealed class LuLinearLayer : FlowLayer
{
    private readonly double[] _lower;
    private readonly double[] _upper;
    private readonly double[] _bias;
    private readonly double[] _zero;
    private readonly double _logDeterminant;

    /// <param name="lower">L, row after row: [D, D].</param>
    /// <param name="upper">U, row after row: [D, D].</param>
    /// <param name="bias">b: [D].</param>
    /// <exception cref="ArgumentException">The shapes differ, or a matrix is not of its form.</exception>
    public LuLinearLayer(double[] lower, double[] upper, double[] bias)
    {
        ArgumentNullException.ThrowIfNull(lower);
        ArgumentNullException.ThrowIfNull(upper);
        ArgumentNullException.ThrowIfNull(bias);
        (_lower, _upper, _bias, _zero) = (lower, upper, bias, new double[bias.Length]);
        var d = bias.Length;
        if (lower.Length != d * d || upper.Length != d * d)
        {
            throw new ArgumentException($"A linear layer of {d} features has triangles of {lower.Length} and {upper.Length} numbers, expected {d * d} each.");
        }

        for (var r = 0; r < d; r++)
        {
            for (var c = 0; c < d; c++)
            {
                var (l, u) = (lower[(r * d) + c], upper[(r * d) + c]);
                if (c > r ? l != 0 : c == r ? l != 1 || !(u > 0) : u != 0)
                {
                    throw new ArgumentException($"Row {r}, column {c} of a linear layer's triangles is {l} and {u}; expected a lower one with ones on its diagonal and an upper one with positive numbers there.");
                }
            }

            _logDeterminant += Log.Of(upper[(r * d) + r]);
        }
    }

    public IReadOnlyList<double> Lower => _lower;

    public IReadOnlyList<double> Upper => _upper;

    public IReadOnlyList<double> Bias => _bias;

    public override void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var d = _bias.Length;
        var between = scratch.Doubles(0, d * Stride);
        DoubleMatMul.Multiply(_upper, _zero, x, between, Stride, d, logDensity.Length);
        DoubleMatMul.Multiply(_lower, _bias, between, x, Stride, d, logDensity.Length);
        foreach (ref var value in logDensity)
        {
            value += _logDeterminant;
        }
    }

    public override void Inverse(Span<float> y, int lanes, FlowScratch scratch)
    {
        ArgumentNullException.ThrowIfNull(scratch);
        var d = _bias.Length;
        var x = scratch.Doubles(0, d * SamplingStride);
        for (var r = 0; r < d; r++)
        {
            for (var i = 0; i < lanes; i++)
            {
                x[(r * SamplingStride) + i] = y[(r * SamplingStride) + i] - _bias[r];
            }

            Eliminate(x, r, _lower.AsSpan(r * d, d), 0, r, lanes);
        }

        for (var r = d - 1; r >= 0; r--)
        {
            var row = _upper.AsSpan(r * d, d);
            Eliminate(x, r, row, r + 1, d, lanes);
            for (var i = 0; i < lanes; i++)
            {
                x[(r * SamplingStride) + i] /= row[r];
                y[(r * SamplingStride) + i] = (float)x[(r * SamplingStride) + i];
            }
        }
    }

    /// <summary>x_r -= sum over c of row_c x_c, c from first to end - 1.</summary>
    private static void Eliminate(Span<double> x, int r, ReadOnlySpan<double> row, int first, int end, int lanes)
    {
        var target = x.Slice(r * SamplingStride, lanes);
        for (var c = first; c < end; c++)
        {
            var source = x.Slice(c * SamplingStride, lanes);
            for (var i = 0; i < target.Length; i++)
            {
                target[i] = Math.FusedMultiplyAdd(-row[c], source[i], target[i]);
            }
        }
    }
}

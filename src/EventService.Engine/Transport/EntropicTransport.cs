using System.Numerics.Tensors;

using EventService.Numerics.Functions;

namespace EventService.Engine.Transport;

/// <summary>
/// The transport plan pi between n and m equally weighted points with the least &lt;cost, pi&gt; + epsilon KL(pi | a x b) (M.
/// Cuturi, "Sinkhorn distances", NIPS 2013, arXiv:1306.0895), by alternating soft minima of the dual potentials in logarithms, so
/// that a small epsilon does not underflow (G. Peyre and M. Cuturi, "Computational optimal transport", 2019, arXiv:1803.00567, eqs.
/// 4.40-4.41). O(n m) per iteration.
/// </summary>
/// <remarks>The exact assignment is the limit epsilon to 0; the plan here is spread over distances of about sqrt(epsilon).</remarks>
public sealed class EntropicTransport
{
    private readonly float[] _cost;
    private readonly int _rows;
    private readonly int _columns;
    private readonly double _epsilon;
    private readonly double[] _f;
    private readonly double[] _g;

    /// <param name="cost">[rows, columns], row after row.</param>
    /// <param name="rows">n.</param>
    /// <param name="columns">m.</param>
    /// <param name="epsilon">Above zero, in the unit of the costs.</param>
    /// <param name="tolerance">Iterations stop once the mean relative error of the plan's row sums is below this.</param>
    /// <param name="mostIterations">Largest number of iterations.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, or epsilon is not above zero.</exception>
    public EntropicTransport(
        ReadOnlySpan<float> cost, int rows, int columns, double epsilon, double tolerance = 1e-3, int mostIterations = 500)
    {
        if (cost.Length != (long)rows * columns || rows < 1 || columns < 1 || !(epsilon > 0))
        {
            throw new ArgumentException(
                $"{cost.Length} costs with epsilon {epsilon} do not fit {rows} x {columns} points, "
                    + "expected one a pair and epsilon above 0.",
                nameof(cost));
        }

        (_cost, _rows, _columns, _epsilon, _f, _g) = (cost.ToArray(), rows, columns, epsilon, new double[rows], new double[columns]);
        var transposed = new float[_cost.Length];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                transposed[(j * rows) + i] = _cost[(i * columns) + j];
            }
        }

        var work = new double[Math.Max(rows, columns)];
        for (Iterations = 0; Iterations < mostIterations && RowError > tolerance; Iterations++)
        {
            // Rows, then columns; before a row is set again, what its sum has become since is the error.
            double error = 0;
            for (var i = 0; i < rows; i++)
            {
                var f = SoftMinimum(_cost.AsSpan(i * columns, columns), _g, work);
                error += Math.Abs(Expm1.Of((_f[i] - f) / epsilon)) / rows;
                _f[i] = f;
            }

            RowError = Iterations == 0 ? double.PositiveInfinity : error;
            for (var j = 0; j < columns; j++)
            {
                _g[j] = SoftMinimum(transposed.AsSpan(j * rows, rows), _f, work);
            }
        }
    }

    /// <summary>Iterations done.</summary>
    public int Iterations { get; private set; }

    /// <summary>Mean over the rows of |row sum / (1/n) - 1| before the last iteration.</summary>
    public double RowError { get; private set; } = double.PositiveInfinity;

    /// <summary>pi[i, j]: all add up to one.</summary>
    public double Plan(int i, int j) => Exp.Of((_f[i] + _g[j] - _cost[(i * _columns) + j]) / _epsilon) / ((double)_rows * _columns);

    /// <summary>A column drawn from row i of the plan.</summary>
    /// <param name="i">Row.</param>
    /// <param name="u">A uniform number, 0 to 1.</param>
    public int Draw(int i, double u)
    {
        double sum = 0;
        for (var j = 0; j < _columns; j++)
        {
            sum += Plan(i, j);
        }

        var rest = u * sum;
        for (var j = 0; j < _columns - 1; j++)
        {
            rest -= Plan(i, j);
            if (rest < 0)
            {
                return j;
            }
        }

        return _columns - 1;
    }

    /// <summary>-epsilon log of the mean of exp((potential - cost) / epsilon).</summary>
    private double SoftMinimum(ReadOnlySpan<float> cost, ReadOnlySpan<double> potential, Span<double> work)
    {
        var x = work[..cost.Length];
        for (var k = 0; k < x.Length; k++)
        {
            x[k] = (potential[k] - cost[k]) / _epsilon;
        }

        var largest = TensorPrimitives.Max<double>(x);
        double sum = 0;
        foreach (var v in x)
        {
            sum += v - largest < -40 ? 0 : Exp.Of(v - largest);
        }

        return -_epsilon * (largest + Log.Of(sum / x.Length));
    }
}

namespace EventService.Models.Flows.Workspaces;

/// <summary>
/// Solves x + h w(x) = y for one event at a time of a group: Broyden's method (C. T. Kelley, "Iterative methods for linear and nonlinear
/// equations", SIAM 1995, algorithm brsol, sec. 7.3), which starts from the Jacobian matrix of the step before: along a path it hardly
/// changes, so that a few turns do. An event's numbers do not depend on the others.
/// </summary>
internal sealed class StepInversion
{
    // Where the fixed point x = y - h w(x) contracts, as in every step of a sensible size, a few turns do.
    public const int MostTurns = 30;
    private const double Accuracy = 1e-10;

    private readonly int _features;
    private readonly double[] _factors;
    private readonly int[] _pivots;
    private readonly double[] _steps;
    private readonly double[] _squares;
    private readonly int[] _turns;
    private readonly bool[] _known;
    private readonly bool[] _done;

    /// <param name="features">D.</param>
    /// <param name="lanes">Most events of a group.</param>
    public StepInversion(int features, int lanes)
    {
        (_features, Lanes) = (features, lanes);
        (_factors, _pivots) = (new double[lanes * features * features], new int[lanes * features]);
        (_steps, _squares) = (new double[lanes * (MostTurns + 1) * features], new double[lanes * (MostTurns + 1)]);
        (_turns, _known, _done) = (new int[lanes], new bool[lanes], new bool[lanes]);
    }

    public int Features => _features;

    public int Lanes { get; }

    /// <summary>Forgets the Jacobians of another path: the first step starts from 1.</summary>
    public void StartPath() => _known.AsSpan().Clear();

    /// <summary>Before the turns of a step.</summary>
    public void StartStep()
    {
        _turns.AsSpan().Clear();
        _done.AsSpan().Clear();
    }

    public bool IsDone(int lane) => _done[lane];

    /// <summary>
    /// Takes y - x - h w(x) of an event and gives what is to be added to its x, which is then as it should be if this says so; NaN has no
    /// solution.
    /// </summary>
    /// <param name="lane">The event.</param>
    /// <param name="residual">[D], replaced by the step.</param>
    /// <param name="size">Largest |x|, at least 1.</param>
    public bool Advance(int lane, Span<double> residual, double size)
    {
        var n = _turns[lane]++;
        if (_known[lane])
        {
            DenseLu.Solve(_factors.AsSpan(lane * _features * _features, _features * _features), _pivots.AsSpan(lane * _features, _features), residual);
        }

        for (var j = 0; j + 1 < n; j++)
        {
            Add(StepOf(lane, j + 1), Dot(StepOf(lane, j), residual) / SquareOf(lane, j), residual);
        }

        if (n > 0)
        {
            var scale = 1 / (1 - (Dot(StepOf(lane, n - 1), residual) / SquareOf(lane, n - 1)));
            foreach (ref var value in residual)
            {
                value *= scale;
            }
        }

        residual.CopyTo(StepOf(lane, n));
        SquareOf(lane, n) = Dot(residual, residual);
        double change = 0;
        foreach (var value in residual)
        {
            // NaN stays.
            change = Math.Max(change, Math.Abs(value));
        }

        return _done[lane] = change <= Accuracy * size || !double.IsFinite(change);
    }

    /// <summary>
    /// log |det| of the Jacobian 1 + h dw/dx of a step at its solution, which the next step starts from; NaN where the fixed point does not
    /// contract: whether there is one inverse is not known there.
    /// </summary>
    /// <param name="lane">The event.</param>
    /// <param name="jacobian">[D, D], replaced.</param>
    /// <param name="work">[2, D, D].</param>
    public double LogDeterminant(int lane, Span<double> jacobian, Span<double> work)
    {
        var contracts = Contracts(jacobian, work);
        jacobian.CopyTo(_factors.AsSpan(lane * _features * _features));
        var log = DenseLu.Factorise(_factors.AsSpan(lane * _features * _features, _features * _features), _pivots.AsSpan(lane * _features, _features), _features);
        _known[lane] = double.IsFinite(log);
        return contracts ? log : double.NaN;
    }

    /// <summary>
    /// Whether the spectral radius of A - 1 is below 1: some power up to the 64th has a Frobenius norm below 1, which bounds it.
    /// </summary>
    private bool Contracts(ReadOnlySpan<double> jacobian, Span<double> work)
    {
        var length = _features * _features;
        Span<double> power = work[..length], square = work.Slice(length, length);
        jacobian[..length].CopyTo(power);
        for (var k = 0; k < length; k += _features + 1)
        {
            power[k]--;
        }

        for (var turn = 0; turn < 7; turn++)
        {
            var norm = Dot(power, power);
            if (norm < 1 || !double.IsFinite(norm))
            {
                return norm < 1;
            }

            for (var r = 0; r < _features; r++)
            {
                var to = square.Slice(r * _features, _features);
                to.Clear();
                for (var k = 0; k < _features; k++)
                {
                    Add(power.Slice(k * _features, _features), power[(r * _features) + k], to);
                }
            }

            square.CopyTo(power);
        }

        return false;
    }

    private Span<double> StepOf(int lane, int turn) => _steps.AsSpan(((lane * (MostTurns + 1)) + turn) * _features, _features);

    private ref double SquareOf(int lane, int turn) => ref _squares[(lane * (MostTurns + 1)) + turn];

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double sum = 0;
        for (var k = 0; k < a.Length; k++)
        {
            sum += a[k] * b[k];
        }

        return sum;
    }

    private static void Add(ReadOnlySpan<double> a, double factor, Span<double> to)
    {
        for (var k = 0; k < to.Length; k++)
        {
            to[k] += factor * a[k];
        }
    }
}

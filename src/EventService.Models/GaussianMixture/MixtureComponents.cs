using EventService.Numerics.Functions;

namespace EventService.Models.GaussianMixture;

/// <summary>The components of a mixture of Gaussians: weights, means and lower triangular factors L of the covariances L L^T.</summary>
public sealed class MixtureComponents
{
    private const double HalfLogTwoPi = 0.91893853320467274178;

    private readonly double[] _means;
    private readonly double[] _factors;
    private readonly double[] _logFactors;

    /// <param name="weights">Above 0; they sum to 1.</param>
    /// <param name="means">[K, D], row after row.</param>
    /// <param name="factors">[K, D, D]: positive on the diagonals, zero above them.</param>
    /// <exception cref="ArgumentException">The numbers do not make a mixture.</exception>
    public MixtureComponents(double[] weights, double[] means, double[] factors)
    {
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(means);
        ArgumentNullException.ThrowIfNull(factors);
        if (weights.Length == 0 || means.Length == 0 || means.Length % weights.Length != 0 || factors.Length != means.Length * (means.Length / weights.Length))
        {
            throw new ArgumentException(
                $"A mixture has {weights.Length} weights, {means.Length} numbers of means and {factors.Length} of factors, expected K, K D and K D D.");
        }

        (Weights, _means, _factors, Features) = (weights, means, factors, means.Length / weights.Length);
        if (!(Math.Abs(weights.Sum() - 1) < 1e-6) || weights.Any(w => !(w > 0)))
        {
            throw new ArgumentException($"The weights of a mixture are {string.Join(", ", weights)}, expected numbers above 0 that sum to 1.");
        }

        for (var i = 0; i < factors.Length; i++)
        {
            var (row, column) = (i / Features % Features, i % Features);
            if (column == row ? !(factors[i] > 0) : column > row && factors[i] != 0)
            {
                throw new ArgumentException(
                    $"The factor of component {i / (Features * Features)} has {factors[i]} in row {row}, column {column}: expected numbers above 0 on the diagonal and zeros above it.");
            }
        }

        _logFactors = [.. Enumerable.Range(0, Count).Select(LogFactorOf)];
    }

    /// <summary>Number of components, K.</summary>
    public int Count => Weights.Count;

    /// <summary>Number of columns, D.</summary>
    public int Features { get; }

    public IReadOnlyList<double> Weights { get; }

    /// <summary>[K, D], row after row.</summary>
    public ReadOnlySpan<double> Means => _means;

    /// <summary>[K, D, D].</summary>
    public ReadOnlySpan<double> Factors => _factors;

    public double Mean(int component, int column) => _means[(component * Features) + column];

    /// <summary>An element of the lower triangular factor of a component's covariance.</summary>
    public double Factor(int component, int row, int column) => _factors[(((component * Features) + row) * Features) + column];

    /// <summary>log w N(t; mu, L L^T) of a component.</summary>
    /// <param name="component">Which.</param>
    /// <param name="t">The columns after their maps.</param>
    /// <param name="z">Receives L^-1 (t - mu), by forward substitution.</param>
    public double LogWeighted(int component, ReadOnlySpan<double> t, Span<double> z)
    {
        var sum = 0.0;
        for (var f = 0; f < z.Length; f++)
        {
            var rest = t[f] - Mean(component, f);
            for (var g = 0; g < f; g++)
            {
                rest -= Factor(component, f, g) * z[g];
            }

            z[f] = rest / Factor(component, f, f);
            sum += z[f] * z[f];
        }

        return _logFactors[component] - (sum / 2);
    }

    /// <summary>The logarithm of the sum of numbers given by their logarithms, which become shares of the sum.</summary>
    public static double ToShares(Span<double> logs)
    {
        var largest = double.NegativeInfinity;
        foreach (var log in logs)
        {
            largest = Math.Max(largest, log);
        }

        var sum = 0.0;
        foreach (ref var log in logs)
        {
            sum += log = Exp.Of(log - largest);
        }

        foreach (ref var share in logs)
        {
            share /= sum;
        }

        return largest + Log.Of(sum);
    }

    /// <summary>log of the weight over the normalisation, w (2 pi)^(-D/2) / det L.</summary>
    private double LogFactorOf(int component)
    {
        var factor = Log.Of(Weights[component]) - (Features * HalfLogTwoPi);
        for (var f = 0; f < Features; f++)
        {
            factor -= Log.Of(Factor(component, f, f));
        }

        return factor;
    }
}

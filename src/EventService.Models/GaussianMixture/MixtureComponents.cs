namespace EventService.Models.GaussianMixture;

/// <summary>The components of a mixture of Gaussians: weights, means and lower triangular factors L of the covariances L L^T.</summary>
public sealed class MixtureComponents
{
    private readonly double[] _means;
    private readonly double[] _factors;

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

    /// <summary>|L^-1 (t - mu)|^2, by forward substitution.</summary>
    public double SquaredDistance(int component, ReadOnlySpan<double> t)
    {
        Span<double> z = stackalloc double[Features];
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

        return sum;
    }
}

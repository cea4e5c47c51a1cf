using EventService.Engine.Tensors;

namespace EventService.Engine.Optimizers;

/// <summary>
/// Shortens the gradient of all parameters together to a largest norm, keeping its direction (Pascanu, Mikolov and Bengio, ICML 2013,
/// arXiv:1211.5063, algorithm 1).
/// </summary>
public static class GradientClipping
{
    /// <summary>
    /// Sum of squares in double, in one fixed order: partial sums over elements 0, 4, 8, ...; 1, 5, ...; 2, ...; 3, ...; then
    /// (s0 + s1) + (s2 + s3), then the rest one by one.
    /// </summary>
    public static double SquaredNorm(ReadOnlySpan<float> gradient)
    {
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        var i = 0;
        for (; i <= gradient.Length - 4; i += 4)
        {
            s0 += (double)gradient[i] * gradient[i];
            s1 += (double)gradient[i + 1] * gradient[i + 1];
            s2 += (double)gradient[i + 2] * gradient[i + 2];
            s3 += (double)gradient[i + 3] * gradient[i + 3];
        }

        var sum = s0 + s1 + (s2 + s3);
        for (; i < gradient.Length; i++)
        {
            sum += (double)gradient[i] * gradient[i];
        }

        return sum;
    }

    /// <summary>The norm of all gradients together, added in their order.</summary>
    public static double GlobalNorm(IEnumerable<Tensor> gradients)
    {
        ArgumentNullException.ThrowIfNull(gradients);
        var sum = 0.0;
        foreach (var gradient in gradients)
        {
            sum += SquaredNorm(gradient.Span);
        }

        return Math.Sqrt(sum);
    }

    /// <summary>The factor that brings a gradient of this norm to at most the largest one; 1 if it is not longer.</summary>
    /// <exception cref="ArgumentException">The norm is not finite.</exception>
    public static float Factor(double norm, double largest)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(largest);
        if (!double.IsFinite(norm))
        {
            throw new ArgumentException(
                $"The norm of the gradient is {norm}, expected a finite number. "
                    + "Lower the learning rate, or look for bad values in the data.",
                nameof(norm));
        }

        return norm > largest ? (float)(largest / norm) : 1;
    }
}

using EventService.Engine.Kernels;
using EventService.Models.Flows.Networks;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Layers;

/// <summary>
/// z = Phi^-1(sum over k of pi_k Phi((x - mu_k) / sigma_k)): the map under which a mixture of K normal densities becomes a standard normal
/// one. theta is K logits of pi, K means, and K numbers a with sigma = minimum + softplus(a). The conditional of RNADE (Uria, Murray and
/// Larochelle, NeurIPS 2013, arXiv:1306.0186, eq. 4) and of MADE-MoG (Papamakarios, Pavlakou and Murray 2017, arXiv:1705.07057, sec. 4).
/// </summary>
/// <param name="Components">K.</param>
/// <param name="Minimum">Smallest sigma.</param>
/// <remarks>
/// Everything is computed with the logarithm of the smaller of both tails, so that far out the density stays finite and z
/// does not saturate. The inverse solves log F(x) = log Phi(z), or the same of the upper tails, by Newton's method kept within a bracket,
/// in double precision from float32 parameters; the bracket is exact, since each component lies between the extreme mu_k + sigma_k z.
/// </remarks>
public sealed record MixtureScalarMap(int Components, double Minimum) : ScalarMap
{
    private const double HalfLogTwoPi = 0.91893853320467274178;
    private const int MostSteps = 200;

    public override int ParameterCount => 3 * Components;

    public override IReadOnlyList<ParameterRow> KernelRows => [.. Enumerable.Range(0, ParameterCount).Select(r => new ParameterRow(r, 1, 0))];

    public override void Forward(ReadOnlySpan<double> theta, int stride, Span<double> x, Span<double> logDensity)
    {
        Span<double> logWeights = stackalloc double[Components], means = stackalloc double[Components], sigmas = stackalloc double[Components];
        for (var i = 0; i < x.Length; i++)
        {
            for (var k = 0; k < Components; k++)
            {
                logWeights[k] = theta[(k * stride) + i];
                means[k] = theta[((Components + k) * stride) + i];
                sigmas[k] = Minimum + Softplus.Of(theta[(((2 * Components) + k) * stride) + i]);
            }

            Normalise(logWeights);
            var lower = LogTail(logWeights, means, sigmas, x[i], 1);
            var upper = LogTail(logWeights, means, sigmas, x[i], -1);
            var z = lower <= upper ? NormalCdf.QuantileOfLog(lower) : -NormalCdf.QuantileOfLog(upper);
            logDensity[i] += LogDensity(logWeights, means, sigmas, x[i]) + (z * z / 2) + HalfLogTwoPi;
            x[i] = z;
        }
    }

    public override ScalarInverse Inverse() => PointsOf;

    private void PointsOf(ReadOnlySpan<float> rows, int stride, int panelStride, Span<float> y)
    {
        Span<double> logWeights = stackalloc double[Components], means = stackalloc double[Components], sigmas = stackalloc double[Components];
        for (var i = 0; i < y.Length; i++)
        {
            var lane = (int)LanePanels.Offset(i, panelStride);
            for (var k = 0; k < Components; k++)
            {
                logWeights[k] = rows[(k * stride) + lane];
                means[k] = rows[((Components + k) * stride) + lane];
                sigmas[k] = Minimum + Softplus.Of((double)rows[(((2 * Components) + k) * stride) + lane]);
            }

            Normalise(logWeights);
            y[i] = (float)PointOf(logWeights, means, sigmas, y[i]);
        }
    }

    /// <summary>x with F(x) = Phi(z).</summary>
    private static double PointOf(ReadOnlySpan<double> logWeights, ReadOnlySpan<double> means, ReadOnlySpan<double> sigmas, double z)
    {
        var (low, high) = (double.PositiveInfinity, double.NegativeInfinity);
        for (var k = 0; k < means.Length; k++)
        {
            var point = means[k] + (sigmas[k] * z);
            (low, high) = (Math.Min(low, point), Math.Max(high, point));
        }

        // Of both tails the one below 1/2; its logarithm times the sign rises with x.
        var sign = z <= 0 ? 1 : -1;
        var target = NormalCdf.LogOf(sign * z);
        var x = low + ((high - low) / 2);
        for (var step = 0; step < MostSteps && high - low > 1e-13 * (1 + Math.Abs(low) + Math.Abs(high)); step++)
        {
            var log = LogTail(logWeights, means, sigmas, x, sign);
            var excess = sign * (log - target);
            if (excess > 0)
            {
                high = x;
            }
            else
            {
                low = x;
            }

            // d log F / dx = p / F, and with the other sign for the upper tail.
            var next = x - (excess * Exp.Of(log - LogDensity(logWeights, means, sigmas, x)));
            var inside = next > low && next < high;
            if (inside && Math.Abs(next - x) <= 1e-13 * (1 + Math.Abs(x)))
            {
                return next;
            }

            x = inside ? next : low + ((high - low) / 2);
        }

        return x;
    }

    /// <summary>log of the sum of pi_k Phi(sign (x - mu_k) / sigma_k).</summary>
    private static double LogTail(ReadOnlySpan<double> logWeights, ReadOnlySpan<double> means, ReadOnlySpan<double> sigmas, double x, int sign)
    {
        Span<double> terms = stackalloc double[means.Length];
        for (var k = 0; k < terms.Length; k++)
        {
            terms[k] = logWeights[k] + NormalCdf.LogOf(sign * (x - means[k]) / sigmas[k]);
        }

        return Math.Min(0, LogSum(terms));
    }

    private static double LogDensity(ReadOnlySpan<double> logWeights, ReadOnlySpan<double> means, ReadOnlySpan<double> sigmas, double x)
    {
        Span<double> terms = stackalloc double[means.Length];
        for (var k = 0; k < terms.Length; k++)
        {
            var q = (x - means[k]) / sigmas[k];
            terms[k] = logWeights[k] - (q * q / 2) - Log.Of(sigmas[k]) - HalfLogTwoPi;
        }

        return LogSum(terms);
    }

    private static void Normalise(Span<double> logits)
    {
        var log = LogSum(logits);
        foreach (ref var logit in logits)
        {
            logit -= log;
        }
    }

    private static double LogSum(ReadOnlySpan<double> terms)
    {
        var greatest = double.NegativeInfinity;
        foreach (var term in terms)
        {
            greatest = Math.Max(greatest, term);
        }

        var sum = 0.0;
        foreach (var term in terms)
        {
            sum += Exp.Of(term - greatest);
        }

        return greatest + Log.Of(sum);
    }
}

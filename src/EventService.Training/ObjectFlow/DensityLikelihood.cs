using EventService.Engine.Autodiff;
using EventService.Engine.Kernels;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Networks;

namespace EventService.Training.ObjectFlow;

/// <summary>
/// Log-likelihood of coordinates under conditional one-dimensional densities, as operations on the tape: each sets the gradient of
/// loss = -sum over lanes of weight * log p / normalisation with respect to theta, and returns the sum of weight * log p. To be called once
/// for a theta.
/// </summary>
public static class DensityLikelihood
{
    /// <summary>Of unit coordinates under splines; all weights one.</summary>
    public static double Apply(Tape tape, RationalQuadraticSpline spline, Variable theta, ReadOnlySpan<float> y, float normalisation)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var n = theta.Columns;
        var scale = tape.Rent(1, n).Span;
        var logDensity = tape.Rent(1, n).Span;
        scale.Fill(-1 / normalisation);
        spline.LogDerivativeGradient(theta.Value.Span, n, y[..n], scale, logDensity, theta.Gradient!.Span);
        return Sum(logDensity, default);
    }

    /// <summary>Of angles in turns under circular densities with these fields.</summary>
    public static double Apply(Tape tape, CircularDensity density, Variable theta, Tensor fields, ReadOnlySpan<float> y, ReadOnlySpan<float> weight, float normalisation)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(fields);
        var n = theta.Columns;
        var scale = tape.Rent(1, n).Span;
        var logDensity = tape.Rent(1, n).Span;
        for (var i = 0; i < n; i++)
        {
            scale[i] = weight[i] * (-1 / normalisation);
        }

        density.LogDensityGradient(theta.Value.Span, n, fields.Span, y[..n], scale, logDensity, theta.Gradient!.Span);
        return Sum(logDensity, weight);
    }

    private static double Sum(ReadOnlySpan<float> logDensity, ReadOnlySpan<float> weight)
    {
        double sum = 0;
        for (var i = 0; i < logDensity.Length; i++)
        {
            sum += (weight.IsEmpty ? 1 : weight[i]) * (double)logDensity[i];
        }

        return sum;
    }
}

using EventService.Engine.Autodiff;
using EventService.Engine.Kernels;

namespace EventService.Generation.Training;

/// <summary>Log-likelihood of unit coordinates under conditional splines, as an operation on the tape.</summary>
public static class SplineLikelihood
{
    /// <summary>
    /// Sets the gradient of loss = -sum over lanes of weight * log dS/dx / normalisation with respect to theta, and returns the
    /// sum of weight * log dS/dx. To be called once for a theta.
    /// </summary>
    public static double Apply(Tape tape, RationalQuadraticSpline spline, Variable theta, ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float normalisation)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var n = theta.Columns;
        var scale = tape.Rent(1, n).Span;
        var logDerivative = tape.Rent(1, n).Span;
        for (var i = 0; i < n; i++)
        {
            scale[i] = (weight.IsEmpty ? 1 : weight[i]) * (-1 / normalisation);
        }

        spline.LogDerivativeGradient(theta.Value.Span, n, x[..n], scale, logDerivative, theta.Gradient!.Span);
        double sum = 0;
        for (var i = 0; i < n; i++)
        {
            sum += (weight.IsEmpty ? 1 : weight[i]) * (double)logDerivative[i];
        }

        return sum;
    }
}

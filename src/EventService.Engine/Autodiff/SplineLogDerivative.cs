using System.Numerics.Tensors;

using EventService.Engine.Kernels;

using Tensor = EventService.Engine.Tensors.Tensor;

namespace EventService.Engine.Autodiff;

/// <summary>log dS/dx of a rational-quadratic spline at given points: what the likelihood of a spline flow is made of.</summary>
public static class SplineLogDerivative
{
    /// <summary>
    /// y [1, n] = log dS/dx with S of the parameters theta [P, n], lane by lane. Nothing flows back into the points x [1, n].
    /// </summary>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static Variable Apply(Tape tape, RationalQuadraticSpline spline, Variable theta, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(tape);
        if (theta.Rows != spline.ParameterCount || x.Rows != 1 || x.Columns != theta.Columns)
        {
            throw new ArgumentException(
                $"Spline parameters are {theta.Value} and points {x}, expected [{spline.ParameterCount}, n] and [1, n].", nameof(theta));
        }

        var n = theta.Columns;
        var y = tape.Result(1, n);
        var value = tape.Rent(1, n);   // S(x), computed along and not needed; on the way back log dS/dx again
        spline.Forward(theta.Value.Span, n, x.Span, value.Span, y.Value.Span);
        if (theta.Gradient is not null)
        {
            var gradient = tape.Rent(theta.Rows, n);
            tape.Record(() =>
            {
                spline.LogDerivativeGradient(theta.Value.Span, n, x.Span, y.Gradient!.Span, value.Span, gradient.Span);
                TensorPrimitives.Add(theta.Gradient.Span, gradient.Span, theta.Gradient.Span);
            });
        }

        return y;
    }
}

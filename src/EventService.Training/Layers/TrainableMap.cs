using EventService.Engine.Kernels;
using EventService.Models.Flows.Layers;

namespace EventService.Training.Layers;

/// <summary>A scalar map in both forms: as it is trained, and as it is stored.</summary>
/// <param name="Kernel">Value and gradients, in float32.</param>
/// <param name="Stored">The same map in model files.</param>
/// <param name="Shifts">Added to each parameter when the map is stored: kernels count them from another zero.</param>
/// <param name="Start">Where training starts, in the kernel's parameters; null for zero.</param>
public sealed record TrainableMap(ITrainableMap Kernel, ScalarMap Stored, double[] Shifts, float[]? Start = null)
{
    /// <summary>
    /// A mixture of normal densities; the last layer of a flow. Training starts from equal components side by side over [-2, 2].
    /// </summary>
    public static TrainableMap Mixture(int components)
    {
        var kernel = new MixtureTransform(components);
        var shifts = new double[3 * components];
        var start = new float[3 * components];
        for (var k = 0; k < components; k++)
        {
            shifts[(2 * components) + k] = kernel.Shift;
            start[components + k] = components == 1 ? 0 : -2 + (4f * k / (components - 1));
        }

        return new TrainableMap(kernel, new MixtureScalarMap(components, kernel.Minimum), shifts, start);
    }

    /// <summary>y = scale x + b.</summary>
    public static TrainableMap Affine()
    {
        var kernel = new AffineTransform();
        return new TrainableMap(kernel, new AffineScalarMap(AffineScale.Softplus, kernel.Minimum, ShiftFirst: false), [kernel.Shift, 0]);
    }

    /// <summary>A rational-quadratic spline of [-bound, bound] with linear tails.</summary>
    public static TrainableMap Spline(int bins, double bound)
    {
        var kernel = new SplineTransform(bins, (float)bound);
        var stored = new SplineScalarMap
        {
            Form = SplineForm.Softplus,
            Bins = bins,
            Low = -(double)kernel.Bound,
            High = kernel.Bound,
            Tails = SplineTails.Linear,
            MinimumWidth = kernel.MinimumWidth,
            MinimumHeight = kernel.MinimumHeight,
            MinimumDerivative = kernel.MinimumDerivative,
        };
        return new TrainableMap(kernel, stored, [.. Enumerable.Repeat(0.0, 2 * bins), .. Enumerable.Repeat((double)kernel.Shift, bins - 1)]);
    }
}

using EventService.Engine.Kernels;
using EventService.Models.Flows.Networks;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Layers;

/// <summary>How an unconstrained number becomes the positive scale of an affine map.</summary>
public enum AffineScale
{
    /// <summary>softplus(a) + minimum, as in nflows.</summary>
    Softplus,

    /// <summary>exp(a / (1 + |a / ln minimum|)), between minimum and 1 / minimum, as in zuko.</summary>
    SoftClip,
}

/// <summary>
/// y = scale(a) x + b: the map of Papamakarios, Pavlakou and Murray, "Masked autoregressive flow for density estimation", NeurIPS
/// 2017, arXiv:1705.07057, eq. 4. theta is (a, b), or (b, a) where the shift comes first.
/// </summary>
/// <param name="Scale">How a becomes the scale.</param>
/// <param name="Minimum">Smallest scale.</param>
/// <param name="ShiftFirst">theta is (b, a).</param>
public sealed record AffineScalarMap(AffineScale Scale, double Minimum, bool ShiftFirst) : ScalarMap
{
    public override int ParameterCount => 2;

    public override IReadOnlyList<ParameterRow> KernelRows => [new(ShiftFirst ? 1 : 0, 1, 0), new(ShiftFirst ? 0 : 1, 1, 0)];

    public override void Forward(ReadOnlySpan<double> theta, int stride, Span<double> x, Span<double> logDensity)
    {
        var (scaleRow, shiftRow) = ShiftFirst ? (stride, 0) : (0, stride);
        for (var i = 0; i < x.Length; i++)
        {
            var scale = ScaleOf(theta[scaleRow + i]);
            x[i] = (scale * x[i]) + theta[shiftRow + i];
            logDensity[i] += Log.Of(scale);
        }
    }

    public override ScalarInverse Inverse()
    {
        var affine = new AffineInverse(Minimum, Scale == AffineScale.Softplus ? 0 : -1 / Log.Of(Minimum));
        return (rows, stride, panelStride, y) => affine.Run(rows, stride, panelStride, y);
    }

    private double ScaleOf(double a) => Scale == AffineScale.Softplus ? Softplus.Of(a) + Minimum : Exp.Of(a / (1 + Math.Abs(a / Log.Of(Minimum))));
}

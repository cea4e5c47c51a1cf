using EventService.Models.Flows.Workspaces;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Layers;

/// <summary>
/// y = scale x + shift for each feature: what activation normalisation (Kingma and Dhariwal 2018, arXiv:1807.03039, sec. 3.1) and batch
/// normalisation (Dinh et al. 2017, arXiv:1605.08803, sec. 3.7) are once trained. The inverse rounds once.
/// </summary>
public sealed class ScaleShiftLayer : FlowLayer
{
    private readonly double[] _scale;
    private readonly double[] _shift;
    private readonly double _logDeterminant;

    /// <exception cref="ArgumentException">The lengths differ, or a scale is not above zero.</exception>
    public ScaleShiftLayer(double[] scale, double[] shift)
    {
        ArgumentNullException.ThrowIfNull(scale);
        ArgumentNullException.ThrowIfNull(shift);
        if (scale.Length != shift.Length || scale.Any(s => !(s > 0) || !double.IsFinite(s)) || shift.Any(b => !double.IsFinite(b)))
        {
            throw new ArgumentException($"A layer of {shift.Length} shifts has the scales {string.Join(", ", scale)}, expected as many finite numbers above zero.");
        }

        (_scale, _shift, _logDeterminant) = (scale, shift, scale.Sum(s => Log.Of(s)));
    }

    public IReadOnlyList<double> Scale => _scale;

    public IReadOnlyList<double> Shift => _shift;

    public override void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch)
    {
        for (var f = 0; f < _scale.Length; f++)
        {
            foreach (ref var value in x.Slice(f * Stride, logDensity.Length))
            {
                value = (_scale[f] * value) + _shift[f];
            }
        }

        foreach (ref var value in logDensity)
        {
            value += _logDeterminant;
        }
    }

    public override void Inverse(Span<float> y, int lanes, FlowScratch scratch)
    {
        for (var f = 0; f < _scale.Length; f++)
        {
            foreach (ref var value in y.Slice(f * SamplingStride, lanes))
            {
                value = (float)((value - _shift[f]) / _scale[f]);
            }
        }
    }
}

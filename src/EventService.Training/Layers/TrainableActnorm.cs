using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Numerics.Functions;
using EventService.Numerics.Statistics;
using EventService.Training.Families;

namespace EventService.Training.Layers;

/// <summary>
/// y = e^s (x - m) for each feature, with s and m learnt; they start such that the first batch leaves with mean 0 and variance 1 (Kingma
/// and Dhariwal, "Glow", NeurIPS 2018, arXiv:1807.03039, sec. 3.1). log |det| = sum of s.
/// </summary>
public sealed class TrainableActnorm(ParameterSet parameters, string name, int features) : TrainableLayer
{
    // A feature that is constant in the first batch is not blown up.
    private const double SmallestDeviation = 1e-3;

    private readonly Parameter _mean = parameters.Add(name + "mean.bias", features, 1);
    private readonly Parameter _logScale = parameters.Add(name + "scale.bias", features, 1);

    public override Variable Forward(FlowPass pass, Variable x)
    {
        ArgumentNullException.ThrowIfNull(pass);
        var s = pass.Tape[_logScale];
        foreach (var value in s.Value.Span)
        {
            pass.LogLikelihood += (double)value * x.Columns;
        }

        var lanes = x.Columns;
        pass.Tape.Record(() =>
        {
            foreach (ref var gradient in s.Gradient!.Span)
            {
                gradient += pass.Scale * lanes;
            }
        });
        return RowScale.Apply(pass.Tape, x, pass.Tape[_mean], Elementwise.Exp(pass.Tape, s));
    }

    public override void InitialiseFrom(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        for (var f = 0; f < x.Rows; f++)
        {
            var (mean, variance) = RowScale.Moments(x.Value.Row(f));
            _mean.Value.Span[f] = (float)mean;
            _logScale.Value.Span[f] = (float)-Log.Of(Math.Max(SmallestDeviation, Math.Sqrt(variance)));
        }
    }

    public override FlowLayer Export()
    {
        var scale = _logScale.Value.Span.ToArray().Select(s => Exp.Of((double)s)).ToArray();
        return new ScaleShiftLayer(scale, [.. scale.Select((s, f) => -s * _mean.Value.Span[f])]);
    }
}

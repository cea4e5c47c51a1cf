using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Numerics.Statistics;

namespace EventService.Training.Layers;

/// <summary>
/// Batch normalisation as a flow's layer: y = gamma (x - m) / sqrt(v + eps) + beta with the mean m and variance v of the batch, log |det| =
/// sum of log gamma - log(v + eps) / 2 (Dinh, Sohl-Dickstein and Bengio 2017, arXiv:1605.08803, sec. 3.7 and appendix E; Papamakarios et
/// al. 2017, arXiv:1705.07057, eqs. 18-22). gamma is e^s.
/// </summary>
/// <remarks>
/// The statistics are those of one shard of the batch, whose size is part of the recipe, so that they do not depend on threads; the
/// gradient goes through them. Running means of both, over all shards in their order, stand in for them in validation and in the stored
/// layer, which is affine.
/// </remarks>
public sealed class TrainableBatchNorm : TrainableLayer
{
    private const float Epsilon = 1e-5f;

    // Share of the old running mean that one shard leaves.
    private const float Momentum = 0.99f;

    private readonly Parameter _shift;
    private readonly Parameter _logScale;
    private readonly Parameter _mean;
    private readonly Parameter _variance;

    public TrainableBatchNorm(ParameterSet parameters, string name, int features)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _shift = parameters.Add(name + "shift.bias", features, 1);
        _logScale = parameters.Add(name + "scale.bias", features, 1);

        // Parameters without gradient and, as biases, without decay: checkpoints and the running average of the parameters hold them.
        _mean = parameters.Add(name + "mean.bias", features, 1);
        _variance = parameters.Add(name + "variance.bias", features, 1);
    }

    public override void Initialise() => _variance.Value.Span.Fill(1);

    public override void InitialiseFrom(Variable x)
    {
        ArgumentNullException.ThrowIfNull(x);
        for (var f = 0; f < x.Rows; f++)
        {
            var (mean, variance) = RowScale.Moments(x.Value.Row(f));
            (_mean.Value.Span[f], _variance.Value.Span[f]) = ((float)mean, (float)variance);
        }
    }

    public override Variable Forward(FlowPass pass, Variable x)
    {
        ArgumentNullException.ThrowIfNull(pass);
        var (tape, s) = (pass.Tape, pass.Tape[_logScale]);
        var lanes = x.Columns;
        Variable normal;
        if (pass.Training)
        {
            normal = BatchNorm.Apply(tape, x, Epsilon, pass.Scale, out var mean, out var variance);
            pass.Statistics.Add(new ShardStatistics(this, mean, variance));
            foreach (var v in variance)
            {
                pass.LogLikelihood -= lanes * 0.5 * Numerics.Functions.Log.Of((double)v + Epsilon);
            }
        }
        else
        {
            var inverse = tape.Rent(x.Rows, 1);
            var mean = tape.Rent(x.Rows, 1);
            for (var f = 0; f < x.Rows; f++)
            {
                var spread = (double)_variance.Value.Span[f] + Epsilon;
                inverse.Span[f] = (float)(1 / Math.Sqrt(spread));
                mean.Span[f] = _mean.Value.Span[f];
                pass.LogLikelihood -= lanes * 0.5 * Numerics.Functions.Log.Of(spread);
            }

            normal = RowScale.Apply(tape, x, Tape.Constant(mean), Tape.Constant(inverse));
        }

        foreach (var value in s.Value.Span)
        {
            pass.LogLikelihood += (double)value * lanes;
        }

        tape.Record(() =>
        {
            foreach (ref var gradient in s.Gradient!.Span)
            {
                gradient += pass.Scale * lanes;
            }
        });

        // gamma n + beta = gamma (n - (-beta / gamma)); the shift is kept as that centre.
        return RowScale.Apply(tape, normal, tape[_shift], Elementwise.Exp(tape, s));
    }

    public override void Absorb(IReadOnlyList<ShardStatistics> shards)
    {
        ArgumentNullException.ThrowIfNull(shards);
        foreach (var shard in shards)
        {
            for (var f = 0; f < shard.Mean.Length; f++)
            {
                _mean.Value.Span[f] = (Momentum * _mean.Value.Span[f]) + ((1 - Momentum) * shard.Mean[f]);
                _variance.Value.Span[f] = (Momentum * _variance.Value.Span[f]) + ((1 - Momentum) * shard.Variance[f]);
            }
        }
    }

    public override FlowLayer Export()
    {
        var (scale, shift) = (new double[_mean.Value.Length], new double[_mean.Value.Length]);
        for (var f = 0; f < scale.Length; f++)
        {
            var gamma = Numerics.Functions.Exp.Of((double)_logScale.Value.Span[f]);
            scale[f] = gamma / Math.Sqrt((double)_variance.Value.Span[f] + Epsilon);
            shift[f] = (-scale[f] * _mean.Value.Span[f]) - (gamma * _shift.Value.Span[f]);
        }

        return new ScaleShiftLayer(scale, shift);
    }
}

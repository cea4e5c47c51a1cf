using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Networks;

namespace EventService.Evaluation;

/// <summary>
/// The classifier of <see cref="C2st"/>: a multi-layer perceptron with GELU and one output, the logit of "is Monte Carlo".
/// </summary>
internal sealed class JudgeNetwork
{
    private readonly (Parameter Weight, Parameter Bias)[] _layers;

    public JudgeNetwork(int features, int hiddenLayers, int hiddenUnits, ref PhiloxStream random)
    {
        _layers = new (Parameter, Parameter)[hiddenLayers + 1];
        for (var layer = 0; layer <= hiddenLayers; layer++)
        {
            var inputs = layer == 0 ? features : hiddenUnits;
            var outputs = layer == hiddenLayers ? 1 : hiddenUnits;
            var weight = Parameters.Add($"layer{layer}.weight", outputs, inputs);
            if (layer < hiddenLayers)
            {
                // He et al. 2015; the last layer starts at zero, so that every score starts at 1/2.
                foreach (ref var w in weight.Value.Span)
                {
                    w = (float)(RandomDraws.Normal(ref random) * Math.Sqrt(2.0 / inputs));
                }
            }

            _layers[layer] = (weight, Parameters.Add($"layer{layer}.bias", outputs, 1));
        }
    }

    public ParameterSet Parameters { get; } = new();

    /// <summary>Logits [1, events] of inputs [features, events].</summary>
    /// <param name="tape">Records the way back.</param>
    /// <param name="x">Standardised features.</param>
    /// <param name="dropout">Share of hidden units that are switched off (Srivastava et al. 2014); 0 for none.</param>
    /// <param name="random">Chooses them.</param>
    public Variable Logits(Tape tape, Tensor x, double dropout, ref PhiloxStream random)
    {
        var h = Tape.Constant(x);
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var (weight, bias) = _layers[layer];
            h = Linear.Apply(tape, tape[bias], tape[weight], h);
            if (layer < _layers.Length - 1)
            {
                h = Elementwise.Gelu(tape, h);
                if (dropout > 0)
                {
                    h = Dropout(tape, h, dropout, ref random);
                }
            }
        }

        return h;
    }

    private static Variable Dropout(Tape tape, Variable x, double rate, ref PhiloxStream random)
    {
        // Four decisions of 16 bits a draw.
        var mask = tape.Rent(x.Rows, x.Columns);
        var limit = (ushort)Math.Round(rate * 65536);
        var keep = (float)(65536.0 / (65536 - limit));
        var m = mask.Span;
        for (var i = 0; i < m.Length; i += 4)
        {
            var bits = random.NextUInt64();
            for (var k = i; k < Math.Min(m.Length, i + 4); k++, bits >>= 16)
            {
                m[k] = (ushort)bits < limit ? 0 : keep;
            }
        }

        var y = tape.Result(x.Rows, x.Columns);
        System.Numerics.Tensors.TensorPrimitives.Multiply(x.Value.Span, m, y.Value.Span);
        tape.Record(() => System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(y.Gradient!.Span, mask.Span, x.Gradient!.Span, x.Gradient.Span));
        return y;
    }
}

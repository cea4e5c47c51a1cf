using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;

namespace EventService.Generation.Evaluation;

/// <summary>Adam with decoupled weight decay: Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101, algorithm 2, beta = (0.9, 0.999).</summary>
internal sealed class AdamW(ParameterSet parameters, double weightDecay)
{
    private const float Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f;

    private readonly float[][] _m = [.. parameters.Parameters.Select(p => new float[p.Value.Length])];
    private readonly float[][] _v = [.. parameters.Parameters.Select(p => new float[p.Value.Length])];
    private int _step;

    /// <summary>One step along the sum of the tapes' gradients, added in order; clears them.</summary>
    public void Step(IReadOnlyList<Tape> tapes, double learningRate)
    {
        _step++;
        var rate = (float)(learningRate * Math.Sqrt(1 - Math.Pow(Beta2, _step)) / (1 - Math.Pow(Beta1, _step)));
        foreach (var parameter in parameters.Parameters)
        {
            var (m, v) = (_m[parameter.Index], _v[parameter.Index]);
            var x = parameter.Value.Span;
            var gradient = tapes[0][parameter].Gradient!.Span;
            for (var t = 1; t < tapes.Count; t++)
            {
                System.Numerics.Tensors.TensorPrimitives.Add(gradient, tapes[t][parameter].Gradient!.Span, gradient);
            }

            // Biases do not decay.
            var keep = parameter.Value.Columns == 1 ? 1 : (float)(1 - learningRate * weightDecay);
            for (var i = 0; i < x.Length; i++)
            {
                var g = gradient[i];
                m[i] = Beta1 * m[i] + (1 - Beta1) * g;
                v[i] = Beta2 * v[i] + (1 - Beta2) * g * g;
                x[i] = keep * x[i] - rate * m[i] / (MathF.Sqrt(v[i]) + Epsilon);
            }
        }

        foreach (var tape in tapes)
        {
            tape.ClearGradients();
        }
    }
}

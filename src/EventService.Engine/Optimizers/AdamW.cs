using System.Numerics;

using EventService.Engine.Tensors;

namespace EventService.Engine.Optimizers;

/// <summary>Settings of <see cref="AdamW"/>; the defaults are the paper's.</summary>
public sealed record AdamWOptions
{
    public float Beta1 { get; init; } = 0.9f;

    public float Beta2 { get; init; } = 0.999f;

    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>Decoupled decay of weights, times the learning rate. Zero gives Adam.</summary>
    public float WeightDecay { get; init; } = 1e-2f;
}

/// <summary>
/// Adam (Kingma and Ba, ICLR 2015, arXiv:1412.6980, algorithm 1) with decoupled weight decay (Loshchilov and Hutter,
/// ICLR 2019, arXiv:1711.05101, algorithm 2): m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// w = w - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay w).
/// </summary>
/// <remarks>Parameters named *.bias are not decayed. Steps are element by element in a fixed order of operations.</remarks>
public sealed class AdamW
{
    private readonly ParameterSet _parameters;
    private readonly AdamWOptions _options;
    private double _beta1Power = 1;
    private double _beta2Power = 1;

    public AdamW(ParameterSet parameters, AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        (_parameters, _options) = (parameters, options);
        FirstMoments = [.. parameters.Parameters.Select(p => new float[p.Value.Length])];
        SecondMoments = [.. parameters.Parameters.Select(p => new float[p.Value.Length])];
    }

    /// <summary>Steps taken.</summary>
    public long Step { get; private set; }

    /// <summary>m, one array a parameter; together with v and <see cref="Step"/> the whole state.</summary>
    public float[][] FirstMoments { get; }

    public float[][] SecondMoments { get; }

    /// <summary>Continues from a saved state whose moments have been copied in.</summary>
    public void Restore(long step)
    {
        Step = 0;
        _beta1Power = _beta2Power = 1;
        while (Step < step)
        {
            Advance();
        }
    }

    /// <summary>Counts a step; to be followed by <see cref="Update"/> of each parameter.</summary>
    public void Advance()
    {
        Step++;
        _beta1Power *= _options.Beta1;
        _beta2Power *= _options.Beta2;
    }

    /// <summary>Moves one parameter. Different parameters may be updated on different threads.</summary>
    public void Update(Parameter parameter, ReadOnlySpan<float> gradient, float learningRate, float gradientScale)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        var w = parameter.Value.Span;
        Span<float> m = FirstMoments[parameter.Index], v = SecondMoments[parameter.Index];
        float b1 = _options.Beta1, b2 = _options.Beta2, epsilon = _options.Epsilon;
        var decay = parameter.Name.EndsWith(".bias", StringComparison.Ordinal) ? 0 : learningRate * _options.WeightDecay;
        var step = (float)(learningRate / (1 - _beta1Power));
        var correction = (float)(1 / Math.Sqrt(1 - _beta2Power));
        var i = 0;
        for (; i + Vector<float>.Count <= w.Length; i += Vector<float>.Count)
        {
            var g = new Vector<float>(gradient[i..]) * new Vector<float>(gradientScale);
            var mi = (new Vector<float>(b1) * new Vector<float>(m[i..])) + (new Vector<float>(1 - b1) * g);
            var vi = (new Vector<float>(b2) * new Vector<float>(v[i..])) + (new Vector<float>(1 - b2) * g * g);
            var wi = new Vector<float>(w[i..]);
            mi.CopyTo(m[i..]);
            vi.CopyTo(v[i..]);
            var change = new Vector<float>(step) * mi / ((Vector.SquareRoot(vi) * new Vector<float>(correction)) + new Vector<float>(epsilon));
            (wi - change - (new Vector<float>(decay) * wi)).CopyTo(w[i..]);
        }

        for (; i < w.Length; i++)
        {
            var g = gradient[i] * gradientScale;
            m[i] = (b1 * m[i]) + ((1 - b1) * g);
            v[i] = (b2 * v[i]) + ((1 - b2) * g * g);
            w[i] = w[i] - (step * m[i] / ((MathF.Sqrt(v[i]) * correction) + epsilon)) - (decay * w[i]);
        }
    }
}

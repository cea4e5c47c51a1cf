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
/// <remarks>Parameters named *.bias are not decayed.</remarks>
public sealed class AdamW : Optimizer
{
    private readonly AdamWOptions _options;
    private BiasCorrection _bias;

    public AdamW(ParameterSet parameters, AdamWOptions options)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        FirstMoments = AddMoments("m");
        SecondMoments = AddMoments("v");
        _bias = new BiasCorrection(options.Beta1, options.Beta2);
    }

    /// <summary>m, one array a parameter.</summary>
    public float[][] FirstMoments { get; }

    /// <summary>v, one array a parameter.</summary>
    public float[][] SecondMoments { get; }

    protected override void OnAdvance() => _bias.Advance();

    protected override void OnReset() => _bias = new BiasCorrection(_options.Beta1, _options.Beta2);

    protected override void Move(Parameter parameter, ReadOnlySpan<float> gradient, float learningRate, float gradientScale)
    {
        var decay = parameter.Name.EndsWith(".bias", StringComparison.Ordinal) ? 0 : learningRate * _options.WeightDecay;
        new AdamStep(
            _options.Beta1, _options.Beta2, _options.Epsilon, _bias.Rate(learningRate), _bias.Correction(), gradientScale, 0, decay)
            .Run(parameter.Value.Span, gradient, FirstMoments[parameter.Index], SecondMoments[parameter.Index]);
    }
}

using EventService.Engine.Tensors;

namespace EventService.Engine.Optimizers;

/// <summary>Settings of <see cref="Adam"/>; the defaults are the paper's.</summary>
public sealed record AdamOptions
{
    public float Beta1 { get; init; } = 0.9f;

    public float Beta2 { get; init; } = 0.999f;

    public float Epsilon { get; init; } = 1e-8f;

    /// <summary>L2 penalty: its gradient, this times the parameter, joins the moments. <see cref="AdamW"/> keeps it out of them.</summary>
    public float WeightDecay { get; init; }
}

/// <summary>
/// Adam (Kingma and Ba, ICLR 2015, arXiv:1412.6980, algorithm 1): m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
/// w = w - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps).
/// </summary>
public sealed class Adam : Optimizer
{
    private readonly AdamOptions _options;
    private readonly float[][] _first;
    private readonly float[][] _second;
    private BiasCorrection _bias;

    public Adam(ParameterSet parameters, AdamOptions options)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _first = AddMoments("m");
        _second = AddMoments("v");
        _bias = new BiasCorrection(options.Beta1, options.Beta2);
    }

    protected override void OnAdvance() => _bias.Advance();

    protected override void OnReset() => _bias = new BiasCorrection(_options.Beta1, _options.Beta2);

    protected override void Move(Parameter parameter, ReadOnlySpan<float> gradient, float learningRate, float gradientScale) =>
        new AdamStep(
            _options.Beta1, _options.Beta2, _options.Epsilon, _bias.Rate(learningRate), _bias.Correction(), gradientScale,
            _options.WeightDecay, 0)
            .Run(parameter.Value.Span, gradient, _first[parameter.Index], _second[parameter.Index]);
}

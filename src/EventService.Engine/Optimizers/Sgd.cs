using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

using EventService.Engine.Kernels;
using EventService.Engine.Tensors;
using EventService.Numerics.Simd;

namespace EventService.Engine.Optimizers;

/// <summary>Settings of <see cref="Sgd"/>.</summary>
public sealed record SgdOptions
{
    /// <summary>Share of the last direction that is kept.</summary>
    public float Momentum { get; init; }

    /// <summary>Looks ahead along the direction.</summary>
    public bool Nesterov { get; init; }

    /// <summary>L2 penalty: its gradient, this times the parameter, is added.</summary>
    public float WeightDecay { get; init; }
}

/// <summary>
/// Gradient descent with momentum in the form of Sutskever, Martens, Dahl and Hinton, ICML 2013, eqs. 1-4, with the learning rate
/// outside: b = mu b + g; w = w - lr b, or w - lr (g + mu b) with Nesterov.
/// </summary>
public sealed class Sgd : Optimizer
{
    private readonly SgdOptions _options;
    private readonly float[][] _direction;

    public Sgd(ParameterSet parameters, SgdOptions options)
        : base(parameters)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _direction = AddMoments("b");
    }

    protected override void Move(Parameter parameter, ReadOnlySpan<float> gradient, float learningRate, float gradientScale)
    {
        Span<float> w = parameter.Value.Span, b = _direction[parameter.Index];
        var done = KernelSet.Path switch
        {
            VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(w, gradient, b, learningRate, gradientScale, 0),
            VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(w, gradient, b, learningRate, gradientScale, 0),
            VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(w, gradient, b, learningRate, gradientScale, 0),
            _ => 0,
        };
        Run<Simd1, float, int>(w, gradient, b, learningRate, gradientScale, done);
    }

    private int Run<S, V, I>(Span<float> w, ReadOnlySpan<float> g, Span<float> b, float learningRate, float scale, int i)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V momentum = S.Broadcast(_options.Momentum), decay = S.Broadcast(_options.WeightDecay), rate = S.Broadcast(learningRate);
        for (; i <= w.Length - S.Width; i += S.Width)
        {
            ref var wi = ref Unsafe.Add(ref MemoryMarshal.GetReference(w), i);
            ref var bi = ref Unsafe.Add(ref MemoryMarshal.GetReference(b), i);
            var theta = S.Load(in wi);
            var gradient = S.Multiply(S.Load(in Unsafe.Add(ref MemoryMarshal.GetReference(g), i)), S.Broadcast(scale));
            gradient = S.Fma(decay, theta, gradient);
            var direction = S.Fma(momentum, S.Load(in bi), gradient);
            S.Store(direction, ref bi);
            S.Store(S.FmaNegated(rate, _options.Nesterov ? S.Fma(momentum, direction, gradient) : direction, theta), ref wi);
        }

        return i;
    }
}

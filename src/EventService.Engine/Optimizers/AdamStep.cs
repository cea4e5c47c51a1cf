using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

using EventService.Engine.Kernels;
using EventService.Numerics.Simd;

namespace EventService.Engine.Optimizers;

/// <summary>The step that <see cref="Adam"/> and <see cref="AdamW"/> share: algorithm 1 of Kingma and Ba, element by element.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="Rate">Learning rate / (1 - beta1^t).</param>
/// <param name="Correction">1 / sqrt(1 - beta2^t).</param>
/// <param name="Scale">Factor of the gradient.</param>
/// <param name="Penalty">Added to the gradient, times the parameter: the gradient of an L2 penalty.</param>
/// <param name="Decay">Decoupled decay, learning rate included.</param>
internal readonly record struct AdamStep(
    float Beta1, float Beta2, float Epsilon, float Rate, float Correction, float Scale, float Penalty, float Decay)
{
    public void Run(Span<float> w, ReadOnlySpan<float> g, Span<float> m, Span<float> v)
    {
        var done = KernelSet.Path switch
        {
            VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(w, g, m, v, 0),
            VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(w, g, m, v, 0),
            VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(w, g, m, v, 0),
            _ => 0,
        };
        Run<Simd1, float, int>(w, g, m, v, done);
    }

    private int Run<S, V, I>(Span<float> w, ReadOnlySpan<float> g, Span<float> m, Span<float> v, int i)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V beta1 = S.Broadcast(Beta1), beta2 = S.Broadcast(Beta2), rest1 = S.Broadcast(1 - Beta1), rest2 = S.Broadcast(1 - Beta2);
        for (; i <= w.Length - S.Width; i += S.Width)
        {
            ref var wi = ref Unsafe.Add(ref MemoryMarshal.GetReference(w), i);
            ref var mi = ref Unsafe.Add(ref MemoryMarshal.GetReference(m), i);
            ref var vi = ref Unsafe.Add(ref MemoryMarshal.GetReference(v), i);
            var theta = S.Load(in wi);
            var gradient = S.Multiply(S.Load(in Unsafe.Add(ref MemoryMarshal.GetReference(g), i)), S.Broadcast(Scale));
            if (Penalty != 0)
            {
                gradient = S.Fma(S.Broadcast(Penalty), theta, gradient);
            }

            var first = S.Add(S.Multiply(beta1, S.Load(in mi)), S.Multiply(rest1, gradient));
            var second = S.Add(S.Multiply(beta2, S.Load(in vi)), S.Multiply(S.Multiply(rest2, gradient), gradient));
            S.Store(first, ref mi);
            S.Store(second, ref vi);
            var root = S.Add(S.Multiply(S.Sqrt(second), S.Broadcast(Correction)), S.Broadcast(Epsilon));
            var change = S.Divide(S.Multiply(S.Broadcast(Rate), first), root);
            S.Store(S.Subtract(S.Subtract(theta, change), S.Multiply(S.Broadcast(Decay), theta)), ref wi);
        }

        return i;
    }
}

/// <summary>The powers of beta1 and beta2 that correct the moments' start from zero.</summary>
internal struct BiasCorrection(float beta1, float beta2)
{
    private double _power1 = 1;
    private double _power2 = 1;

    public void Advance()
    {
        _power1 *= beta1;
        _power2 *= beta2;
    }

    public readonly float Rate(float learningRate) => (float)(learningRate / (1 - _power1));

    public readonly float Correction() => (float)(1 / Math.Sqrt(1 - _power2));
}

using System.Runtime.Intrinsics;

using EventService.Engine.Kernels;
using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Tests.Functions;

/// <summary>A function of two lanes (most ignore the second), to be run in any width.</summary>
internal interface ILaneFunction
{
    static abstract V Of<S, V, I>(V x, V y)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct;
}

/// <summary>A function under test by name, in every vector width.</summary>
internal abstract class LaneFunction
{
    public static IReadOnlyDictionary<string, LaneFunction> All { get; } = new Dictionary<string, LaneFunction>
    {
        ["exp"] = new LaneFunction<ExpLanes>(),
        ["exp bounded"] = new LaneFunction<ExpBoundedLanes>(),
        ["log"] = new LaneFunction<LogLanes>(),
        ["log1p"] = new LaneFunction<Log1pLanes>(),
        ["expm1"] = new LaneFunction<Expm1Lanes>(),
        ["tanh"] = new LaneFunction<TanhLanes>(),
        ["sigmoid"] = new LaneFunction<SigmoidLanes>(),
        ["softplus"] = new LaneFunction<SoftplusLanes>(),
        ["sin"] = new LaneFunction<SinLanes>(),
        ["cos"] = new LaneFunction<CosLanes>(),
        ["sinh"] = new LaneFunction<SinhLanes>(),
        ["cosh"] = new LaneFunction<CoshLanes>(),
        ["atan2"] = new LaneFunction<Atan2Lanes>(),
        ["normal quantile"] = new LaneFunction<NormalQuantileLanes>(),
        ["gelu"] = new LaneFunction<GeluLanes>(),
        ["gelu derivative"] = new LaneFunction<GeluDerivativeLanes>(),
        ["elu"] = new LaneFunction<EluLanes>(),
        ["elu derivative"] = new LaneFunction<EluDerivativeLanes>(),
    };

    /// <summary>z[i] = f(x[i], y[i]); the lengths are a multiple of 16.</summary>
    public abstract void Run(VectorPath path, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z);

    public float One(float x, float y = 1)
    {
        Span<float> z = stackalloc float[1];
        Run(VectorPath.Scalar, [x], [y], z);
        return z[0];
    }

    private readonly struct ExpLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Exp.Of<S, V, I>(x);
    }

    private readonly struct ExpBoundedLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Exp.Bounded<S, V, I>(S.Max(S.Broadcast(-88f), S.Min(S.Broadcast(89f), x)));
    }

    private readonly struct LogLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Log.Of<S, V, I>(x);
    }

    private readonly struct Log1pLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Log1p.Of<S, V, I>(x);
    }

    private readonly struct Expm1Lanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Expm1.Of<S, V, I>(x);
    }

    private readonly struct TanhLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Tanh.Of<S, V, I>(x);
    }

    private readonly struct SigmoidLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Sigmoid.Of<S, V, I>(x);
    }

    private readonly struct SoftplusLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Softplus.Of<S, V, I>(x);
    }

    private readonly struct SinLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => SinCos.Of<S, V, I>(x).Sin;
    }

    private readonly struct CosLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => SinCos.Of<S, V, I>(x).Cos;
    }

    private readonly struct SinhLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Sinh.Of<S, V, I>(x);
    }

    private readonly struct CoshLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Cosh.Of<S, V, I>(x);
    }

    private readonly struct Atan2Lanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Atan2.Of<S, V, I>(x, y);
    }

    private readonly struct NormalQuantileLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => NormalQuantile.Of<S, V, I>(x);
    }

    private readonly struct GeluLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Gelu.Of<S, V, I>(x);
    }

    private readonly struct GeluDerivativeLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Gelu.Derivative<S, V, I>(x);
    }

    private readonly struct EluLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Elu.Of<S, V, I>(x, S.Broadcast(0.7f));
    }

    private readonly struct EluDerivativeLanes : ILaneFunction
    {
        static V ILaneFunction.Of<S, V, I>(V x, V y) => Elu.Derivative<S, V, I>(x, S.Broadcast(0.7f));
    }
}

/// <inheritdoc/>
internal sealed class LaneFunction<TFunction> : LaneFunction
    where TFunction : struct, ILaneFunction
{
    public override void Run(VectorPath path, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
    {
        switch (path)
        {
            case VectorPath.V512: Run<Simd512, Vector512<float>, Vector512<int>>(x, y, z); break;
            case VectorPath.V256: Run<Simd256, Vector256<float>, Vector256<int>>(x, y, z); break;
            case VectorPath.V128: Run<Simd128, Vector128<float>, Vector128<int>>(x, y, z); break;
            default: Run<Simd1, float, int>(x, y, z); break;
        }
    }

    private static void Run<S, V, I>(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        for (var i = 0; i <= x.Length - S.Width; i += S.Width)
        {
            S.Store(TFunction.Of<S, V, I>(S.Load(in x[i]), S.Load(in y[i])), ref z[i]);
        }
    }
}

using System.Runtime.Intrinsics;

using EventService.Engine.Kernels;
using EventService.Numerics.Simd;

namespace EventService.Benchmarks;

/// <summary>The machine's limit: fused multiply-adds alone, on registers, twelve independent sums of vectors.</summary>
internal static class FmaPeak
{
    /// <summary>GFLOP/s of one thread by processor time.</summary>
    public static double Measure(int turns = 20_000_000) => KernelSet.Path switch
    {
        VectorPath.V512 => Measure<Simd512, Vector512<float>, Vector512<int>>(turns),
        VectorPath.V256 => Measure<Simd256, Vector256<float>, Vector256<int>>(turns),
        VectorPath.V128 => Measure<Simd128, Vector128<float>, Vector128<int>>(turns),
        _ => Measure<Simd1, float, int>(turns),
    };

    private static double Measure<S, V, I>(int turns)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        Multiply<S, V, I>(1000);
        var start = Environment.CpuUsage.UserTime;
        var sum = Multiply<S, V, I>(turns);
        var seconds = (Environment.CpuUsage.UserTime - start).TotalSeconds;
        return sum == 0 ? 0 : turns * 12.0 * 2 * S.Width / seconds / 1e9;
    }

    private static float Multiply<S, V, I>(int turns)
        where S : struct, ISimd<V, I>
        where V : struct
        where I : struct
    {
        V x = S.Broadcast(0.999f), y = S.Broadcast(0.001f);
        V c0 = y, c1 = y, c2 = y, c3 = y, c4 = y, c5 = y, c6 = y, c7 = y, c8 = y, c9 = y, ca = y, cb = y;
        for (var i = 0; i < turns; i++)
        {
            c0 = S.Fma(c0, x, y);
            c1 = S.Fma(c1, x, y);
            c2 = S.Fma(c2, x, y);
            c3 = S.Fma(c3, x, y);
            c4 = S.Fma(c4, x, y);
            c5 = S.Fma(c5, x, y);
            c6 = S.Fma(c6, x, y);
            c7 = S.Fma(c7, x, y);
            c8 = S.Fma(c8, x, y);
            c9 = S.Fma(c9, x, y);
            ca = S.Fma(ca, x, y);
            cb = S.Fma(cb, x, y);
        }

        var sum = S.Add(
            S.Add(S.Add(c0, c1), S.Add(c2, c3)), S.Add(S.Add(S.Add(c4, c5), S.Add(c6, c7)), S.Add(S.Add(c8, c9), S.Add(ca, cb))));
        Span<float> lanes = stackalloc float[16];
        S.Store(sum, ref lanes[0]);
        return lanes[0];
    }
}

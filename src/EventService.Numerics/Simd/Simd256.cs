using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using I = System.Runtime.Intrinsics.Vector256<int>;
using V = System.Runtime.Intrinsics.Vector256<float>;

namespace EventService.Numerics.Simd;

/// <summary>8 lanes of 256 bits. Runs, slower, where the processor has no such registers, with the same bits.</summary>
public readonly struct Simd256 : ISimd<V, I>
{
    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Load(ref readonly float source) => Vector256.LoadUnsafe(in source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(V value, ref float destination) => value.StoreUnsafe(ref destination);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Broadcast(float value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I BroadcastInt(int value) => Vector256.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Add(V a, V b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Subtract(V a, V b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Multiply(V a, V b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Divide(V a, V b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Sqrt(V a) => Vector256.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Fma(V a, V b, V c) => Vector256.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V FmaNegated(V a, V b, V c) =>
        System.Runtime.Intrinsics.X86.Fma.IsSupported
            ? System.Runtime.Intrinsics.X86.Fma.MultiplyAddNegated(a, b, c)
            : Vector256.FusedMultiplyAdd(-a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Min(V a, V b) => Avx.IsSupported ? Avx.Min(a, b) : Vector256.ConditionalSelect(Vector256.LessThan(a, b), a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Max(V a, V b) => Avx.IsSupported ? Avx.Max(a, b) : Vector256.ConditionalSelect(Vector256.GreaterThan(a, b), a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Abs(V a) => Vector256.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Negate(V a) => -a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Round(V a) => Vector256.Round(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V LessThan(V a, V b) => Vector256.LessThan(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V LessOrEqual(V a, V b) => Vector256.LessThanOrEqual(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Equal(V a, V b) => Vector256.Equals(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Select(V mask, V whenTrue, V whenFalse) =>
        Avx.IsSupported ? Avx.BlendVariable(whenFalse, whenTrue, mask) : Vector256.ConditionalSelect(mask, whenTrue, whenFalse);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SelectNegative(I sign, V whenNegative, V otherwise) =>
        Select((Avx.IsSupported ? sign : sign >> 31).AsSingle(), whenNegative, otherwise);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V And(V a, V b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Or(V a, V b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Xor(V a, V b) => a ^ b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I ToInt(V a) => Vector256.ConvertToInt32Native(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V ToFloat(I a) => Vector256.ConvertToSingle(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I AsInt(V a) => a.AsInt32();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V AsFloat(I a) => a.AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I AddInt(I a, I b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I SubtractInt(I a, I b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I AndInt(I a, I b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I OrInt(I a, I b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I ShiftLeft(I a, int count) => a << count;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I ShiftRight(I a, int count) => a >> count;
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using I = System.Runtime.Intrinsics.Vector512<int>;
using V = System.Runtime.Intrinsics.Vector512<float>;

namespace EventService.Numerics.Simd;

/// <summary>16 lanes of 512 bits. Runs, slower, where the processor has no such registers, with the same bits.</summary>
public readonly struct Simd512 : ISimd<V, I>
{
    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Load(ref readonly float source) => Vector512.LoadUnsafe(in source);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(V value, ref float destination) => value.StoreUnsafe(ref destination);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Broadcast(float value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I BroadcastInt(int value) => Vector512.Create(value);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Add(V a, V b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Subtract(V a, V b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Multiply(V a, V b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Divide(V a, V b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Sqrt(V a) => Vector512.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Fma(V a, V b, V c) => Vector512.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V FmaNegated(V a, V b, V c) =>
        Avx512F.IsSupported ? Avx512F.FusedMultiplyAddNegated(a, b, c) : Vector512.FusedMultiplyAdd(-a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Min(V a, V b) => Avx512F.IsSupported ? Avx512F.Min(a, b) : Vector512.ConditionalSelect(Vector512.LessThan(a, b), a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Max(V a, V b) =>
        Avx512F.IsSupported ? Avx512F.Max(a, b) : Vector512.ConditionalSelect(Vector512.GreaterThan(a, b), a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Abs(V a) => Vector512.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Negate(V a) => -a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Round(V a) => Vector512.Round(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V LessThan(V a, V b) => Vector512.LessThan(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V LessOrEqual(V a, V b) => Vector512.LessThanOrEqual(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Equal(V a, V b) => Vector512.Equals(a, b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Select(V mask, V whenTrue, V whenFalse) => Vector512.ConditionalSelect(mask, whenTrue, whenFalse);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V SelectNegative(I sign, V whenNegative, V otherwise) => Select((sign >> 31).AsSingle(), whenNegative, otherwise);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V And(V a, V b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Or(V a, V b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V Xor(V a, V b) => a ^ b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I ToInt(V a) => Vector512.ConvertToInt32Native(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V ToFloat(I a) => Vector512.ConvertToSingle(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I AsInt(V a) => a.AsInt32();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V AsFloat(I a) => a.AsSingle();
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I AddInt(I a, I b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I SubtractInt(I a, I b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I AndInt(I a, I b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I OrInt(I a, I b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I ShiftLeft(I a, int count) => a << count;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static I ShiftRight(I a, int count) => a >> count;
}

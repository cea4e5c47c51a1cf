using System.Runtime.CompilerServices;

namespace EventService.Numerics.Simd;

/// <summary>One lane: the scalar definition that the wider paths are tested against.</summary>
public readonly struct Simd1 : ISimd<float, int>
{
    public static int Width => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Load(ref readonly float source) => source;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(float value, ref float destination) => destination = value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Broadcast(float value) => value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int BroadcastInt(int value) => value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Add(float a, float b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Subtract(float a, float b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Multiply(float a, float b) => a * b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Divide(float a, float b) => a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sqrt(float a) => MathF.Sqrt(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Fma(float a, float b, float c) => MathF.FusedMultiplyAdd(a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FmaNegated(float a, float b, float c) => MathF.FusedMultiplyAdd(-a, b, c);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Min(float a, float b) => a < b ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Max(float a, float b) => a > b ? a : b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Abs(float a) => MathF.Abs(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Negate(float a) => -a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Round(float a) => MathF.Round(a, MidpointRounding.ToEven);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float LessThan(float a, float b) => Mask(a < b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float LessOrEqual(float a, float b) => Mask(a <= b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Equal(float a, float b) => Mask(a == b);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Select(float mask, float whenTrue, float whenFalse)
    {
        var m = AsInt(mask);
        return AsFloat((AsInt(whenTrue) & m) | (AsInt(whenFalse) & ~m));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float SelectNegative(int sign, float whenNegative, float otherwise) => sign < 0 ? whenNegative : otherwise;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float And(float a, float b) => AsFloat(AsInt(a) & AsInt(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Or(float a, float b) => AsFloat(AsInt(a) | AsInt(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Xor(float a, float b) => AsFloat(AsInt(a) ^ AsInt(b));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int ToInt(float a) => (int)a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float ToFloat(int a) => a;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int AsInt(float a) => BitConverter.SingleToInt32Bits(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float AsFloat(int a) => BitConverter.Int32BitsToSingle(a);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int AddInt(int a, int b) => a + b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int SubtractInt(int a, int b) => a - b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int AndInt(int a, int b) => a & b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int OrInt(int a, int b) => a | b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int ShiftLeft(int a, int count) => a << count;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static int ShiftRight(int a, int count) => a >> count;
    [MethodImpl(MethodImplOptions.AggressiveInlining)] private static float Mask(bool set) => AsFloat(set ? -1 : 0);
}

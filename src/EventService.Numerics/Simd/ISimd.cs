namespace EventService.Numerics.Simd;

/// <summary>
/// The lane operations that every kernel is written in, once for all vector widths.
/// An implementation is an empty struct, so that <c>Kernel&lt;Simd256, Vector256&lt;float&gt;&gt;</c> is compiled to
/// straight-line code of that width and each lane goes through exactly the same operations in the same order:
/// this is what makes results equal to the bit on every path.
/// </summary>
/// <typeparam name="V">The vector of float lanes.</typeparam>
/// <typeparam name="I">The vector of 32-bit integer lanes of the same width.</typeparam>
/// <remarks>
/// No member uses an estimate or an unfused multiply-add chosen by the hardware: <see cref="Fma"/> rounds once everywhere.
/// </remarks>
public interface ISimd<V, I>
    where V : struct
    where I : struct
{
    /// <summary>Number of lanes.</summary>
    static abstract int Width { get; }

    static abstract V Load(ref readonly float source);
    static abstract void Store(V value, ref float destination);
    static abstract V Broadcast(float value);
    static abstract I BroadcastInt(int value);

    static abstract V Add(V a, V b);
    static abstract V Subtract(V a, V b);
    static abstract V Multiply(V a, V b);
    static abstract V Divide(V a, V b);
    static abstract V Sqrt(V a);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract V Fma(V a, V b, V c);

    /// <summary>-(a * b) + c, rounded once.</summary>
    static abstract V FmaNegated(V a, V b, V c);

    /// <summary>a &lt; b ? a : b, so the second operand where either is NaN.</summary>
    static abstract V Min(V a, V b);

    /// <summary>a &gt; b ? a : b, so the second operand where either is NaN.</summary>
    static abstract V Max(V a, V b);

    static abstract V Abs(V a);
    static abstract V Negate(V a);

    /// <summary>Nearest integer, halves to even.</summary>
    static abstract V Round(V a);

    /// <summary>All bits set where a &lt; b, else none; false for NaN.</summary>
    static abstract V LessThan(V a, V b);

    /// <summary>All bits set where a &lt;= b, else none; false for NaN.</summary>
    static abstract V LessOrEqual(V a, V b);

    /// <summary>All bits set where a == b, else none; false for NaN.</summary>
    static abstract V Equal(V a, V b);

    /// <summary>
    /// <paramref name="whenTrue"/> where the mask is set, else <paramref name="whenFalse"/>; all bits of a lane of the mask are equal.
    /// </summary>
    static abstract V Select(V mask, V whenTrue, V whenFalse);

    /// <summary><paramref name="whenNegative"/> where the integer is below zero, else <paramref name="otherwise"/>.</summary>
    static abstract V SelectNegative(I sign, V whenNegative, V otherwise);

    static abstract V And(V a, V b);
    static abstract V Or(V a, V b);
    static abstract V Xor(V a, V b);

    /// <summary>Truncation towards zero; defined for |a| &lt; 2^31 only, beyond it paths differ.</summary>
    static abstract I ToInt(V a);
    static abstract V ToFloat(I a);
    static abstract I AsInt(V a);
    static abstract V AsFloat(I a);

    static abstract I AddInt(I a, I b);
    static abstract I SubtractInt(I a, I b);
    static abstract I AndInt(I a, I b);
    static abstract I OrInt(I a, I b);
    static abstract I ShiftLeft(I a, int count);

    /// <summary>Arithmetic (sign-keeping) shift.</summary>
    static abstract I ShiftRight(I a, int count);
}

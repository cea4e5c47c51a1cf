using System.Runtime.Intrinsics;

namespace EventService.Engine.Kernels;

/// <summary>
/// Sum of a row in one fixed order on every vector path: eight partial sums over elements 0, 8, 16, ...; 1, 9, ...; then
/// ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)), then the rest one by one.
/// </summary>
public static class RowSum
{
    public static float Of(ReadOnlySpan<float> x)
    {
        var sums = Vector256<float>.Zero;
        var i = 0;
        for (; i + 8 <= x.Length; i += 8)
        {
            sums += Vector256.Create(x[i..]);
        }

        var half = sums.GetLower() + sums.GetUpper();
        var sum = half[0] + half[2] + (half[1] + half[3]);
        for (; i < x.Length; i++)
        {
            sum += x[i];
        }

        return sum;
    }
}

namespace EventService.Engine.Tests.Functions;

/// <summary>Errors in units in the last place: the spacing of the format at the exact value.</summary>
internal static class Ulp
{
    /// <summary>|found - exact| in float ulp.</summary>
    public static double Error(float found, double exact)
    {
        if (double.IsNaN(exact) || double.IsNaN(found))
        {
            return double.IsNaN(exact) && float.IsNaN(found) ? 0 : double.PositiveInfinity;
        }

        if (Math.Abs(exact) >= 3.4028235677973366e38)
        {
            // Rounds to infinity.
            return found == (float)exact ? 0 : double.PositiveInfinity;
        }

        var exponent = exact == 0 ? -126 : Math.Max(Math.ILogB(exact), -126);
        return Math.Abs(found - exact) / Math.ScaleB(1, exponent - 23);
    }

    /// <summary>|found - (high + low)| in double ulp, for a finite exact value.</summary>
    public static double Error(double found, double high, double low)
    {
        var exponent = high == 0 ? -1022 : Math.Max(Math.ILogB(high), -1022);
        var error = Math.ScaleB(Math.Abs(found - high - low), 52 - exponent);
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    /// <summary>The same bits, or both NaN of whatever payload.</summary>
    public static bool Same(float a, float b) =>
        BitConverter.SingleToInt32Bits(a) == BitConverter.SingleToInt32Bits(b) || (float.IsNaN(a) && float.IsNaN(b));
}

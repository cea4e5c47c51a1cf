namespace EventService.Models.Columns;

/// <summary>Intervals between knots that rise.</summary>
internal static class KnotCells
{
    /// <summary>
    /// Place of the last knot not above a number, of those that have one behind them: the first where all are above, the last but one where
    /// none is.
    /// </summary>
    /// <param name="knots">At least two, rising.</param>
    /// <param name="at">The number.</param>
    public static int CellOf(ReadOnlySpan<double> knots, double at)
    {
        int low = 0, high = knots.Length - 1;
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            (low, high) = knots[middle] <= at ? (middle, high) : (low, middle);
        }

        return low;
    }
}

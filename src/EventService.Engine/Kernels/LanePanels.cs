using System.Runtime.CompilerServices;

namespace EventService.Engine.Kernels;

/// <summary>
/// Rows of numbers, one a lane, in panels of <see cref="Width"/> lanes, as a <see cref="PackedMatrix"/> gives them. Rows of all lanes are
/// such with panels <see cref="Width"/> apart.
/// </summary>
public static class LanePanels
{
    /// <summary>Lanes of a panel.</summary>
    public const int Width = PackedMatrix.PanelLanes;

    /// <summary>Where a lane of a row stands behind that of the first panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Offset(int lane, nint panelStride) => ((nint)((uint)lane / Width) * panelStride) + (nint)((uint)lane % Width);

    /// <summary>Whether so many floats hold so many rows of so many lanes.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    internal static void Require(int length, int rows, int stride, int panelStride, int lanes)
    {
        var last = lanes - 1;
        if (lanes > 0
            && (stride < Math.Min(lanes, Width)
                || panelStride < Width
                || length <= ((last / Width) * (long)panelStride) + (last % Width) + ((rows - 1L) * stride)))
        {
            throw new ArgumentException(
                $"Parameters of maps hold {length} floats, expected {rows} rows of {lanes} lanes, "
                    + $"rows {stride} and panels of {Width} lanes {panelStride} apart.");
        }
    }
}

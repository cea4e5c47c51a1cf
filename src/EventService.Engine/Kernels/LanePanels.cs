using System.Runtime.CompilerServices;

namespace EventService.Engine.Kernels;

/// <summary>
/// Rows of numbers, one per lane, in panels of <see cref="Width"/> lanes, as a <see cref="PackedMatrix"/> gives them. Rows that hold all
/// lanes side by side are the special case of panels <see cref="Width"/> apart.
/// </summary>
public static class LanePanels
{
    /// <summary>Lanes of a panel.</summary>
    public const int Width = PackedMatrix.PanelLanes;

    /// <summary>Offset of a lane of a row from the first lane of the same row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static nint Offset(int lane, nint panelStride) => ((nint)((uint)lane / Width) * panelStride) + (nint)((uint)lane % Width);

    /// <summary>Checks that <paramref name="length"/> floats hold <paramref name="rows"/> rows of <paramref name="lanes"/> lanes.</summary>
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

using System.Runtime.CompilerServices;

namespace EventService.Engine.Kernels;

/// <summary>Arrays that stay in their place and begin, for use, at a cache line: no vector lies on two lines.</summary>
public static unsafe class AlignedFloats
{
    private const int LineFloats = 16;

    /// <summary>An array with at least this many zeros from its start on. The start is valid while the array is reachable.</summary>
    public static (float[] Array, nint Start) Allocate(int length)
    {
        var array = GC.AllocateArray<float>(length + LineFloats, pinned: true);
        const nint line = LineFloats * sizeof(float);
        return (array, ((nint)Unsafe.AsPointer(ref array[0]) + line - 1) & ~(line - 1));
    }
}

using System.Runtime.Intrinsics;

namespace EventService.Engine.Kernels;

public enum VectorPath { Scalar, V128, V256, V512 }

public static class KernelSet
{
    public static VectorPath Path { get; set; } =
        Vector512.IsHardwareAccelerated ? VectorPath.V512 : Vector256.IsHardwareAccelerated ? VectorPath.V256 : VectorPath.V128;
}

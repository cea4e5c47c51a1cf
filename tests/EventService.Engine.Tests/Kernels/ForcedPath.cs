using EventService.Engine.Kernels;

namespace EventService.Engine.Tests.Kernels;

/// <summary>Forces a vector path until disposed. Only in tests of <see cref="KernelSetCollection"/>.</summary>
internal readonly struct ForcedPath : IDisposable
{
    private readonly VectorPath _before;

    public ForcedPath(VectorPath path)
    {
        _before = KernelSet.Path;
        KernelSet.Path = path;
    }

    public void Dispose() => KernelSet.Path = _before;
}

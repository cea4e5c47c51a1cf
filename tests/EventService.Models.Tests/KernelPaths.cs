using EventService.Engine.Kernels;

namespace EventService.Models.Tests;

/// <summary>Tests that force a vector path run alone: the path belongs to the process.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class KernelPaths
{
    public const string Name = "Kernel paths";

    /// <summary>Does work on a path, then goes back to the one before.</summary>
    public static T On<T>(VectorPath path, Func<T> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        var before = KernelSet.Path;
        KernelSet.Path = path;
        try
        {
            return work();
        }
        finally
        {
            KernelSet.Path = before;
        }
    }
}

namespace EventService.Engine.Tests.Kernels;

/// <summary>Tests that set the vector path of the whole process; they run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class KernelSetCollection
{
    public const string Name = "vector path";
}

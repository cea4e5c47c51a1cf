namespace EventService.Engine.Kernels;

/// <summary>The vector width that kernels run in. Results do not depend on it.</summary>
public enum VectorPath
{
    /// <summary>One lane at a time: the definition that the others are tested against.</summary>
    Scalar,

    /// <summary>4 float lanes.</summary>
    V128,

    /// <summary>8 float lanes.</summary>
    V256,

    /// <summary>16 float lanes.</summary>
    V512,
}

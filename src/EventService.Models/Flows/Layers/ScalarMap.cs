using EventService.Models.Flows.Networks;

namespace EventService.Models.Flows.Layers;

/// <summary>
/// A monotone map of one number, y = T(x; theta), from the side of the data to the side of the base distribution. Matrices
/// are [parameters, lanes]; every lane is one map at one point.
/// </summary>
public abstract record ScalarMap
{
    /// <summary>Numbers that a network gives for one target, in the order of theta.</summary>
    public abstract int ParameterCount { get; }

    /// <summary>What <see cref="Inverse"/> takes: rows made from theta by scaling and shifting.</summary>
    public abstract IReadOnlyList<ParameterRow> KernelRows { get; }

    /// <summary>
    /// x becomes T(x), and log dT/dx is added to the log-densities; in double precision. Minus infinity where x is outside the domain.
    /// </summary>
    /// <param name="theta">[ParameterCount, lanes], rows <paramref name="stride"/> apart.</param>
    /// <param name="stride">Distance of rows in doubles.</param>
    /// <param name="x">One number a lane, replaced.</param>
    /// <param name="logDensity">One number a lane, added to.</param>
    public abstract void Forward(ReadOnlySpan<double> theta, int stride, Span<double> x, Span<double> logDensity);

    /// <summary>The inverse, with what it needs of the constants worked out.</summary>
    public abstract ScalarInverse Inverse();
}

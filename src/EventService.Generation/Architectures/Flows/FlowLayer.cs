namespace EventService.Generation.Architectures.Flows;

/// <summary>
/// An invertible layer of a flow over events of D numbers. Forward leads from the data to the base distribution, as densities
/// need it; inverse leads back, as sampling needs it. Layers are immutable; what changes is in the scratch.
/// </summary>
/// <remarks>Matrices are [D, lanes] with rows <see cref="Stride"/> apart and at most as many lanes; a lane's numbers do not depend on the others.</remarks>
public abstract class FlowLayer
{
    /// <summary>Lanes of a tile.</summary>
    public const int Stride = 64;

    /// <summary>The layer under a condition; layers without gates are the same under all.</summary>
    /// <param name="condition">As the gates take it.</param>
    public virtual FlowLayer At(ReadOnlySpan<double> condition) => this;

    /// <summary>x becomes f(x), and log |det df/dx| is added to the log-density of each lane; in double precision.</summary>
    /// <param name="x">[D, lanes], replaced.</param>
    /// <param name="logDensity">One number a lane, added to; its length is the number of lanes.</param>
    /// <param name="scratch">Buffers for use.</param>
    public abstract void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch);

    /// <summary>y becomes x with f(x) = y; in float32.</summary>
    /// <param name="y">[D, lanes], replaced.</param>
    /// <param name="lanes">Number of lanes.</param>
    /// <param name="scratch">Buffers for use.</param>
    public abstract void Inverse(Span<float> y, int lanes, FlowScratch scratch);
}

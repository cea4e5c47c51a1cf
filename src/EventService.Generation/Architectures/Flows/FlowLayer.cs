namespace EventService.Generation.Architectures.Flows;

/// <summary>
/// An invertible layer of a flow over events of D numbers. Forward leads from the data to the base distribution, as densities
/// need it; inverse leads back, as sampling needs it. Layers are immutable; what changes is in the scratch.
/// </summary>
/// <remarks>Matrices are [D, lanes]; a lane's numbers do not depend on the others.</remarks>
public abstract class FlowLayer
{
    /// <summary>Most lanes of a tile of <see cref="Forward"/>, and the distance of its rows.</summary>
    public const int Stride = 64;

    /// <summary>
    /// Most lanes of a tile of <see cref="Inverse"/>, and the distance of its rows. A tile reads all weights once: the more lanes, the less that
    /// counts, and the more memory the hidden units of a tile take.
    /// </summary>
    public const int SamplingStride = 256;

    /// <summary>The layer under a condition; layers without gates are the same under all.</summary>
    /// <param name="condition">As the gates take it.</param>
    public virtual FlowLayer At(ReadOnlySpan<double> condition) => this;

    /// <summary>x becomes f(x), and log |det df/dx| is added to the log-density of each lane; in double precision.</summary>
    /// <param name="x">[D, lanes], rows <see cref="Stride"/> apart, replaced.</param>
    /// <param name="logDensity">One number a lane, added to; its length is the number of lanes.</param>
    /// <param name="scratch">Buffers for use.</param>
    public abstract void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch);

    /// <summary>y becomes x with f(x) = y; in float32.</summary>
    /// <param name="y">[D, lanes], rows <see cref="SamplingStride"/> apart, replaced. Lanes beyond hold any numbers, and may be written.</param>
    /// <param name="lanes">Number of lanes.</param>
    /// <param name="scratch">Buffers for use.</param>
    public abstract void Inverse(Span<float> y, int lanes, FlowScratch scratch);
}

using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Layers;

/// <summary>
/// An invertible layer of a flow over events of D numbers. Forward leads from the data to the base distribution, as densities
/// need it; inverse leads back, as sampling needs it. Layers are immutable; what changes is in the scratch.
/// </summary>
/// <remarks>Matrices are [D, lanes]; a lane's numbers do not depend on the others.</remarks>
public abstract class FlowLayer
{
    /// <summary>
    /// Most lanes of a tile of <see cref="Forward(Span{double}, Span{double}, FlowScratch)"/>, and the distance of its rows.
    /// </summary>
    public const int Stride = TableLanes.Density;

    /// <summary>Most lanes of a tile of <see cref="Inverse(Span{float}, int, FlowScratch)"/>, and the distance of its rows.</summary>
    public const int SamplingStride = TableLanes.Sampling;

    /// <summary>The layer under a condition; layers without gates are the same under all.</summary>
    /// <param name="condition">As the gates take it.</param>
    public virtual FlowLayer At(ReadOnlySpan<double> condition) => this;

    /// <summary>
    /// Whether lanes under different conditions can go through the layer together; if not, those under each go by themselves, through the
    /// layer that <see cref="At"/> gives.
    /// </summary>
    public virtual bool MixesConditions => true;

    /// <summary>x becomes f(x), and log |det df/dx| is added to the log-density of each lane; in double precision.</summary>
    /// <param name="x">[D, lanes], rows <see cref="Stride"/> apart, replaced.</param>
    /// <param name="logDensity">One number a lane, added to; its length is the number of lanes.</param>
    /// <param name="scratch">Buffers for use.</param>
    public abstract void Forward(Span<double> x, Span<double> logDensity, FlowScratch scratch);

    /// <summary>y becomes x with f(x) = y; in float32.</summary>
    /// <param name="y">[D, lanes], rows <see cref="SamplingStride"/> apart, replaced. Lanes beyond hold any numbers, and may be
    /// written.</param>
    /// <param name="lanes">Number of lanes.</param>
    /// <param name="scratch">Buffers for use.</param>
    public abstract void Inverse(Span<float> y, int lanes, FlowScratch scratch);

    /// <summary>The same with a condition for each lane: the bits of the layer that <see cref="At"/> gives.</summary>
    /// <param name="x">As without conditions.</param>
    /// <param name="logDensity">As without conditions.</param>
    /// <param name="conditions">As the gates take them: [conditions, lanes], rows <see cref="Stride"/> apart, where the layer is
    /// <see cref="MixesConditions"/>; empty for a layer under no condition.</param>
    /// <param name="scratch">Buffers for use.</param>
    public virtual void Forward(Span<double> x, Span<double> logDensity, ReadOnlySpan<double> conditions, FlowScratch scratch) => Forward(x, logDensity, scratch);

    /// <inheritdoc cref="Forward(Span{double}, Span{double}, ReadOnlySpan{double}, FlowScratch)"/>
    /// <param name="y">As without conditions.</param>
    /// <param name="lanes">Number of lanes.</param>
    /// <param name="conditions">As the gates take them: [conditions, lanes], rows <see cref="SamplingStride"/> apart; lanes beyond hold any
    /// numbers. Empty for a layer under no condition.</param>
    /// <param name="scratch">Buffers for use.</param>
    public virtual void Inverse(Span<float> y, int lanes, ReadOnlySpan<double> conditions, FlowScratch scratch) => Inverse(y, lanes, scratch);
}

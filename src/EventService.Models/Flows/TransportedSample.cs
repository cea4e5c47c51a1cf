using EventService.Engine.Random;
using EventService.Models.Contracts;
using EventService.Models.Flows.Continuous;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Physics.Events;

namespace EventService.Models.Flows;

/// <summary>
/// A flow between data distributions whose source is a sample of events: each event starts from one drawn at random, with replacement, and
/// is carried to where the condition says. There are as many different events as the sample has under one condition, and no density.
/// </summary>
/// <remarks>The latents of an event are row NextBelow(rows) of the sample, drawn from its stream.</remarks>
public sealed class TransportedSample : IGenerativeModel
{
    /// <summary>Name in model files.</summary>
    public const string ArchitectureName = "transported-sample";

    private readonly ConditionalFlow _flow;
    private readonly float[] _sample;

    /// <param name="flow">With a <see cref="ContinuousLayer"/> between data as its only layer.</param>
    /// <param name="sample">The events at the layer's origin in the flow's numbers: [rows, D], row after row.</param>
    /// <exception cref="ArgumentException">The sample is empty or no whole number of rows, or the flow has other layers.</exception>
    public TransportedSample(ConditionalFlow flow, float[] sample)
    {
        ArgumentNullException.ThrowIfNull(flow);
        ArgumentNullException.ThrowIfNull(sample);
        var features = flow.Schema.Scalars.Count;
        if (sample.Length == 0 || sample.Length % features != 0 || flow.Layers is not [ContinuousLayer { Anchors: not null }])
        {
            throw new ArgumentException(
                $"The source has {sample.Length} numbers and the flow {flow.Layers.Count} layers, expected rows of {features} numbers and one layer, continuous between anchors.",
                nameof(sample));
        }

        (_flow, _sample) = (flow, sample);
    }

    public SampleSchema Schema => _flow.Schema;

    public int PreferredChunk => _flow.PreferredChunk;

    public int Tile => _flow.Tile;

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity) =>
        _flow.Generate(ranges, block, logDensity, flow => new Carried(flow, _sample));

    /// <summary>The sample carried by the flow under one condition, or under conditions event by event.</summary>
    private sealed class Carried(LayeredFlow flow, float[] sample) : TableModel(flow, flow.Columns, flow.Support)
    {
        protected override void DrawLatents(ref PhiloxStream random, Span<float> z, int lane)
        {
            var row = (int)random.NextBelow((uint)(sample.Length / Features));
            for (var f = 0; f < Features; f++)
            {
                z[(f * TableLanes.Sampling) + lane] = sample[(row * Features) + f];
            }
        }

        protected override void ToColumns(TableWorkspace work, int lanes) => flow.Invert(work, lanes);
    }
}

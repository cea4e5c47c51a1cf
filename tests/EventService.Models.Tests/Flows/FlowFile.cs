using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Tables;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>Model files of flows that nothing was trained for: standard normal base, columns as they are.</summary>
internal static class FlowFile
{
    public static byte[] Of(SampleSchema schema, IReadOnlyList<FlowLayer> layers, FlowRefinement? refinement = null, double acceptance = 1) =>
        Of(schema, layers, refinement, acceptance, []);

    /// <param name="schema">The columns.</param>
    /// <param name="layers">From the data to the base distribution.</param>
    /// <param name="refinement">Which draws are kept; null for all.</param>
    /// <param name="acceptance">Share of the draws that are kept.</param>
    /// <param name="conditions">What gates take.</param>
    /// <param name="support">Where events can be; null for everywhere.</param>
    /// <param name="source">Rows of events in place of the base distribution; null for a flow that has one.</param>
    public static byte[] Of(
        SampleSchema schema, IReadOnlyList<FlowLayer> layers, FlowRefinement? refinement, double acceptance, IReadOnlyList<ConditionParameter> conditions,
        EventSupport? support = null, float[]? source = null)
    {
        var features = schema.Scalars.Count;
        ColumnPreprocessing[] columns = [.. Enumerable.Range(0, features).Select(_ => new ColumnPreprocessing([]))];
        var (hyper, preprocessing, tensors) = LayeredFlowFile.Describe(features, layers, FlowBase.StandardNormal(features), columns, refinement);
        var document = new ModelDocument
        {
            FormatVersion = ModelDocument.CurrentFormatVersion,
            Name = "x",
            Process = "x",
            Description = "",
            Architecture = source is null ? LayeredFlow.ArchitectureName : TransportedSample.ArchitectureName,
            Hyperparameters = hyper,
            Preprocessing = preprocessing,
            Schema = schema,
            Conditions = conditions,
            CrossSectionPb = 1,
            SelectionEfficiency = 1,
            SumOfWeights = 1,
            Acceptance = acceptance,
            AcceptanceError = 0,
            Training = TestProvenance.None,
        };
        document = support is null ? document : LayeredFlowFile.WithSupport(document, support);
        SafeTensor[] sources = source is null ? [] : [SafeTensor.FromFloats(LayeredFlowFile.SourceTensor, [source.Length / features, features], source)];
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = JsonSerializer.Serialize(document, ModelJson.Options) }, [.. tensors, .. sources]);
        return stream.ToArray();
    }
}

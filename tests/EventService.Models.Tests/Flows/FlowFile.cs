using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Columns;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>Model files of flows that nothing was trained for: standard normal base, columns as they are.</summary>
internal static class FlowFile
{
    public static byte[] Of(SampleSchema schema, IReadOnlyList<FlowLayer> layers, FlowRefinement? refinement = null, double acceptance = 1)
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
            Architecture = LayeredFlow.ArchitectureName,
            Hyperparameters = hyper,
            Preprocessing = preprocessing,
            Schema = schema,
            Conditions = [],
            CrossSectionPb = 1,
            SelectionEfficiency = 1,
            SumOfWeights = 1,
            Acceptance = acceptance,
            AcceptanceError = 0,
            Training = TestProvenance.None,
        };
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = JsonSerializer.Serialize(document, ModelJson.Options) }, tensors);
        return stream.ToArray();
    }
}

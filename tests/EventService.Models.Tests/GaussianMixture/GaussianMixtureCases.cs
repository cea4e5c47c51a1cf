using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Columns;
using EventService.Models.Documents;
using EventService.Models.GaussianMixture;
using EventService.Models.Tests.Contract;
using EventService.Physics.Events;

namespace EventService.Models.Tests.GaussianMixture;

/// <summary>A small mixture for the contract of architectures.</summary>
internal sealed class GaussianMixtureCases : IArchitectureCases
{
    public IEnumerable<ArchitectureCase> Cases => [new(GaussianMixtureFile.Architecture, "two of three columns", File,
        "35bb94f5d814489d3d962f03f407e826c2590ca2ff562dbaa3f1d473fa07672e")];

    private static byte[] File()
    {
        var components = new MixtureComponents(
            [0.3, 0.7],
            [0, 1, -1, 2, 0, 0.5],
            [1, 0, 0, 0.5, 0.8, 0, -0.2, 0.3, 1.1, 0.7, 0, 0, 0, 1.2, 0, 0.4, -0.6, 0.9]);
        var schema = new SampleSchema([.. Enumerable.Range(0, components.Features).Select(f => new ColumnSchema($"x{f}", "1", ""))], []);
        ColumnPreprocessing[] columns = [.. schema.Scalars.Select(_ => new ColumnPreprocessing([]))];
        var (hyper, preprocessing, tensors) = GaussianMixtureFile.Describe(components, columns);
        var document = new ModelDocument
        {
            FormatVersion = ModelDocument.CurrentFormatVersion,
            Name = "x",
            Process = "x",
            Description = "",
            Architecture = GaussianMixtureFile.Architecture.Name,
            Hyperparameters = hyper,
            Preprocessing = preprocessing,
            Schema = schema,
            Conditions = [],
            CrossSectionPb = 1,
            SelectionEfficiency = 1,
            SumOfWeights = 1,
            Acceptance = 1,
            AcceptanceError = 0,
            Training = TestProvenance.None,
        };
        using var stream = new MemoryStream();
        var json = JsonSerializer.Serialize(document, ModelJson.Options);
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = json }, tensors);
        return stream.ToArray();
    }
}

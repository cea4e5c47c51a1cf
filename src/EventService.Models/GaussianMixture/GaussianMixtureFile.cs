using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Documents;

namespace EventService.Models.GaussianMixture;

/// <summary>
/// A mixture of Gaussians as a model file: the number of components in the document, the maps of the columns in its preprocessing, three
/// tensors.
/// </summary>
public static class GaussianMixtureFile
{
    private const string Weights = "weights", Means = "means", Factors = "factors";

    // Largest mixture that is built from a file, so that a document cannot ask for all the memory.
    private const int MostComponents = 4096;
    private const int MostFeatures = 256;

    private sealed record Hyperparameters(int Components);

    public static ModelArchitecture Architecture { get; } = new(
        GaussianMixture.ArchitectureName,
        "mixtures of Gaussians over a table",
        ModelCapabilities.Density,
        Read);

    /// <summary>Hyper-parameters and preprocessing for a document, and the tensors.</summary>
    public static (JsonElement Hyperparameters, JsonElement Preprocessing, IReadOnlyList<SafeTensor> Tensors) Describe(
        MixtureComponents components, IReadOnlyList<ColumnPreprocessing> columns)
    {
        ArgumentNullException.ThrowIfNull(components);
        ArgumentNullException.ThrowIfNull(columns);
        long k = components.Count, d = components.Features;
        return (
            JsonSerializer.SerializeToElement(new Hyperparameters(components.Count), ModelJson.Options),
            ColumnPreprocessing.Describe(columns),
            [
                SafeTensor.FromDoubles(Weights, [k], [.. components.Weights]),
                SafeTensor.FromDoubles(Means, [k, d], components.Means),
                SafeTensor.FromDoubles(Factors, [k, d, d], components.Factors),
            ]);
    }

    private static GaussianMixture Read(ModelDocument document, SafeTensorsFile file, ReadOnlyMemory<byte> sha256)
    {
        var k = document.Hyperparameters.Deserialize<Hyperparameters>(ModelJson.Options)?.Components ?? throw new ModelFormatException("The document has no hyper-parameters.");
        var columns = ColumnPreprocessing.Read(document.Preprocessing);
        var d = columns.Length;
        if (k is < 1 or > MostComponents || d is < 1 or > MostFeatures)
        {
            throw new ModelFormatException($"The mixture has {k} components of {d} columns, expected 1 to {MostComponents} of 1 to {MostFeatures}.");
        }

        double[] Numbers(string name, params long[] shape) => file.Require(name, SafeTensorType.F64, shape).ToDoubles();
        return new GaussianMixture(
            document.Schema,
            columns,
            new MixtureComponents(Numbers(Weights, k), Numbers(Means, k, d), Numbers(Factors, k, d, d)),
            sha256);
    }
}

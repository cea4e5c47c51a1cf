using System.Text.Json;

using EventService.Registry;
using EventService.Registry.Tables;

namespace EventService.Server.Models;

/// <summary>What there is to generate from.</summary>
internal static class ModelsApi
{
    public static void MapModels(this WebApplication app)
    {
        var models = app.MapGroup("").WithTags("Models");
        models.MapGet("/processes", async (ModelRegistry registry, CancellationToken cancellationToken) =>
                (await registry.ListAsync(cancellationToken))
                    .GroupBy(m => m.Process)
                    .OrderBy(g => g.Key, StringComparer.Ordinal)
                    .Select(g => new ProcessResponse(g.Key, [.. g.Select(m => new ProcessModel(m.Name, Production(m)?.Number))])))
            .WithSummary("Physics processes, with their models and the version each has in production.");

        models.MapGet("/models", async (ModelRegistry registry, CancellationToken cancellationToken) =>
                (await registry.ListAsync(cancellationToken)).Select(ModelResponse.Of))
            .WithSummary("All models with their versions and aliases.");

        models.MapGet("/models/{name}", async (string name, ModelRegistry registry, CancellationToken cancellationToken) =>
                ModelResponse.Of(await registry.GetAsync(name, cancellationToken)))
            .WithSummary("One model with its versions and aliases.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        models.MapGet("/models/{name}/versions/{version:int}", async (string name, int version, ModelRegistry registry, CancellationToken cancellationToken) =>
                VersionDocumentResponse.Of(await registry.FindAsync(new ModelQuery(Model: name, Version: version), cancellationToken)))
            .WithSummary("One version with its document: schema and units, preprocessing, conditions, cross-section, training.")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static ModelVersion? Production(RegisteredModel model) =>
        model.Aliases.SingleOrDefault(a => a.Name == ModelAlias.Production)?.Version;
}

/// <param name="Process">Name of the process, as in process=ttbar.</param>
/// <param name="Models">Models of this process.</param>
internal sealed record ProcessResponse(string Process, IReadOnlyList<ProcessModel> Models);

/// <param name="Name">Name of the model.</param>
/// <param name="Production">The version that requests get that name none; null where none is in production.</param>
internal sealed record ProcessModel(string Name, int? Production);

internal sealed record ModelResponse(string Name, string Process, DateTime CreatedAt, IReadOnlyDictionary<string, int> Aliases, IReadOnlyList<VersionResponse> Versions)
{
    public static ModelResponse Of(RegisteredModel model) => new(
        model.Name,
        model.Process,
        model.CreatedAt,
        model.Aliases.ToDictionary(a => a.Name, a => a.Version.Number),
        [.. model.Versions.Select(VersionResponse.Of)]);
}

/// <summary>A version; Validated says whether its last validation card passed, null where it has none.</summary>
internal sealed record VersionResponse(int Version, string Sha256, long SizeBytes, string State, string CreatedBy, DateTime CreatedAt, bool? Validated)
{
    public static VersionResponse Of(ModelVersion version) => new(
        version.Number, version.Sha256, version.SizeBytes, version.State, version.CreatedBy, version.CreatedAt,
        version.Cards.MaxBy(c => c.Id)?.Passed);
}

/// <summary>A version with the model document as it stands in the file.</summary>
internal sealed record VersionDocumentResponse(string Name, string Process, int Version, string Sha256, long SizeBytes, string State, string CreatedBy, DateTime CreatedAt, JsonElement Document)
{
    public static VersionDocumentResponse Of(ModelVersion version) => new(
        version.Model.Name, version.Model.Process, version.Number, version.Sha256, version.SizeBytes, version.State, version.CreatedBy, version.CreatedAt,
        JsonElement.Parse(version.Document));
}

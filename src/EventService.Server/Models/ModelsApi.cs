using System.Globalization;

using EventService.Registry.Catalog;
using EventService.Registry.Databases;
using EventService.Registry.Keys;
using EventService.Registry.Tables;
using EventService.Registry.Versions;
using EventService.Server.Callers;
using EventService.Server.Grpc;
using EventService.Server.Keys;

using Microsoft.EntityFrameworkCore;

namespace EventService.Server.Models;

/// <summary>What there is to generate from, and what happened to it.</summary>
internal static class ModelsApi
{
    public static IServiceCollection AddModels(this IServiceCollection services) =>
        services
            .AddHttpContextAccessor()
            .AddScoped<ModelsGrpcService>()
            // The registry as the caller of this request sees and changes it.
            .AddScoped<IModelCatalog>(services => new ModelCatalog(
                services.GetRequiredService<IDbContextFactory<RegistryContext>>(),
                services.GetRequiredService<ModelRegistry>(),
                services.GetRequiredService<ModelUploads>(),
                services.GetRequiredService<IHttpContextAccessor>().HttpContext!.Caller().Name));

    public static void MapModels(this WebApplication app)
    {
        var models = app.MapGroup("").WithTags("Models").Takes(KeyScope.Read).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        models.MapGet("/processes", ListProcessesAsync)
            .WithSummary("Physics processes, with their models and the version each has in production.")
            .WithDescription("Of a version that is conditioned on parameters, such as masses: their names, units, trained points, alternatives (a mass in place of a mixing) and the hull of values that requests may have.");

        models.MapGet("/models", ListModelsAsync)
            .WithSummary("Models with their versions and aliases, by name.")
            .WithDescription("process, alias: models that have it. q: text in the name or the process, in capitals or not. A page has at most 'limit' models; where there are more, the header Link names the next page (rel=\"next\").")
            .ProducesProblem(StatusCodes.Status400BadRequest);

        models.MapGet("/models/{name}", (string name, IModelCatalog catalog, CancellationToken cancellationToken) => catalog.GetAsync(name, cancellationToken))
            .WithSummary("One model with its versions and aliases.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        models.MapGet("/models/{name}/versions/{version:int}", (string name, int version, IModelCatalog catalog, CancellationToken cancellationToken) =>
                catalog.GetVersionAsync(name, version, cancellationToken))
            .WithSummary("One version with its document: schema and units, preprocessing, conditions, cross-section, training.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        models.MapGet("/models/{name}/history", (string name, string? alias, IModelCatalog catalog, CancellationToken cancellationToken) =>
                catalog.HistoryAsync(name, alias, cancellationToken))
            .WithSummary("What happened to a model: versions, cards, moves of its aliases, retirements, each with who and why.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        // Beside the group: who may publish need not be one who may read.
        app.MapPut("/models/{name}/versions/{version:int}/state", (
                string name, int version, SetStateRequest request, IModelCatalog catalog, CancellationToken cancellationToken) =>
                catalog.SetStateAsync(name, version, request, cancellationToken))
            .WithTags("Models")
            .Takes(KeyScope.Publish)
            .WithSummary("Retire a version, or make it active again.")
            .WithDescription("A retired version keeps its number and bytes and is served to those who name the number; no alias may mean it.")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        app.MapGrpcService<ModelsGrpcService>().Takes(KeyScope.Read);
    }

    internal static async Task<IEnumerable<ProcessResponse>> ListProcessesAsync(ModelRegistry registry, CancellationToken cancellationToken) =>
        (await registry.ListAsync(cancellationToken))
            .GroupBy(m => m.Process)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new ProcessResponse(g.Key, [.. g.Select(m => ModelOf(m.Name, Production(m)))]));

    private static async Task<IReadOnlyList<ModelResponse>> ListModelsAsync(
        string? process, string? q, string? alias, string? after, int? limit, IModelCatalog catalog, HttpContext context, CancellationToken cancellationToken)
    {
        var search = new ModelSearch(process, q, alias, after, limit ?? ModelSearch.DefaultLimit);
        var page = await catalog.ListAsync(search, cancellationToken);
        if (page.Next is { } next)
        {
            var query = QueryString.Create(new Dictionary<string, string?>
            {
                ["process"] = process,
                ["q"] = q,
                ["alias"] = alias,
                ["limit"] = search.Limit.ToString(CultureInfo.InvariantCulture),
                ["after"] = next,
            }.Where(p => p.Value is not null));
            context.Response.Headers.Link = $"</models{query}>; rel=\"next\"";
        }

        return page.Models;
    }

    private static ProcessModel ModelOf(string name, ModelVersion? production)
    {
        var (parameters, hull, points) = production is null ? ModelParameters.None : ModelParameters.Of(production.Document);
        return new ProcessModel(name, production?.Number, parameters, hull, points);
    }

    private static ModelVersion? Production(RegisteredModel model) =>
        model.Aliases.SingleOrDefault(a => a.Name == ModelAlias.Production)?.Version;
}

/// <param name="Process">Name of the process, as in process=ttbar.</param>
/// <param name="Models">Models of this process.</param>
internal sealed record ProcessResponse(string Process, IReadOnlyList<ProcessModel> Models);

/// <param name="Name">Name of the model.</param>
/// <param name="Production">The version that requests get that name none; null where none is in production.</param>
/// <param name="Parameters">What that version is conditioned on, such as masses.</param>
/// <param name="Hull">The values that these may have; null of an unconditional version.</param>
/// <param name="TrainedPoints">The points that it was trained at.</param>
internal sealed record ProcessModel(string Name, int? Production, IReadOnlyList<ParameterResponse> Parameters, HullResponse? Hull, IReadOnlyList<TrainedPointResponse> TrainedPoints);

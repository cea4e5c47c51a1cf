using System.Text.Json.Nodes;

using EventService.Registry.Keys;
using EventService.Server.ApiDocs;
using EventService.Server.Callers;
using EventService.Server.Events;
using EventService.Server.Keys;
using EventService.Server.Settings;

namespace EventService.Server.Histograms;

/// <summary>A quick look at the events of a model.</summary>
internal static class HistogramsApi
{
    public static IServiceCollection AddHistograms(this IServiceCollection services) => services.AddSingleton<MakeHistogram>();

    public static void MapHistograms(this WebApplication app) =>
        app.MapPost("/histogram", async (HttpContext context, MakeHistogram histogram, ServerSettings settings) => await histogram.RunAsync(
                await RequestParameters.ReadAsync(context.Request, settings.JsonBodyBytes, context.RequestAborted), context.Caller(), context.RequestAborted))
            .WithTags("Events")
            .Takes(KeyScope.Generate)
            .Produces<HistogramResponse>()
            .WithSummary("Histogram of one column of freshly generated events.")
            .WithDescription("The events are those of /generate with the same seed. Parameters go into the query, into a JSON body, or both; conditions of the model are parameters too.")
            .WithMetadata(new OperationDocs(
                MakeHistogram.Parameters,
                new Dictionary<string, JsonNode> { ["application/json"] = new JsonObject { ["process"] = "ttbar", ["column"] = "MET_pt", ["n"] = "1000" } },
                ["application/json"],
                new Dictionary<string, string>(),
                "Counts of the bins with their statistical errors, edges, underflow and overflow."));
}

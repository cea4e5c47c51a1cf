using System.Text.Json.Nodes;

using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models.Sampling;
using EventService.Registry.Keys;
using EventService.Server.ApiDocs;
using EventService.Server.Keys;

namespace EventService.Server.Events;

/// <summary>Events and their densities.</summary>
internal static class EventsApi
{
    public static IServiceCollection AddEvents(this IServiceCollection services) =>
        services
            .AddSingleton<GenerateEvents>()
            .AddSingleton<Generate>()
            .AddSingleton<DensityEvents>()
            .AddSingleton<Density>()
            .AddSingleton<EventsGrpcService>();

    public static void MapEvents(this WebApplication app)
    {
        var events = app.MapGroup("").WithTags("Events").Takes(KeyScope.Generate);
        events.MapPost("/generate", (HttpContext context, Generate generate) => generate.RunAsync(context))
            .WithSummary("Generate events.")
            .WithDescription("Parameters go into the query, into a JSON body, or both. Conditions of the model (such as mGluino=1700) are parameters too, and GET /processes has their names, units and trained hull: outside it is 422 with the nearest point. Where a parameter has an alternative there, either may be given: process=t5qqqqww takes mChargino=1150 for eps=0.5. Several points in one stream: mGluino=1500,1600,1700 (event i is at point i mod 3); a prior: mGluino=uniform(1000,2200) or choice(1500:1,1600:3), drawn for each event. The same model, seed, condition and index give the same event, bit by bit, in whatever request and format.")
            .WithMetadata(new OperationDocs(
                GenerateEvents.Parameters,
                new Dictionary<string, JsonNode> { ["application/json"] = new JsonObject { ["process"] = "ttbar", ["n"] = "100", ["seed"] = "42" } },
                [.. EventMediaType.All.Select(f => f.MediaType)],
                ReceiptHeaders.Docs));

        events.MapPost("/density", (HttpContext context, Density density) => density.RunAsync(context))
            .WithSummary("Log-density of each event of the body.")
            .WithDescription("One record an event, in the order of the body: event number, natural log of the density, its standard error, and the reason where the density is zero (then null in JSON, -inf in npy). Bodies packed by gzip are unpacked. A condition of a table model that the query does not give is read from a column of each event.")
            .WithMetadata(new OperationDocs(
                Density.Parameters,
                new Dictionary<string, JsonNode> { ["text/csv"] = EventInput.Example },
                [.. DensityFormat.All.Select(f => f.MediaType)],
                ReceiptHeaders.Docs.Where(h => h.Key.StartsWith(ReceiptHeaders.Model, StringComparison.Ordinal)).ToDictionary()));

        app.MapGrpcService<EventsGrpcService>().Takes(KeyScope.Generate);
    }
}

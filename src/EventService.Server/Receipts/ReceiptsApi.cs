using System.Text.Json.Nodes;

using EventService.Generation.Receipts;
using EventService.Generation.Requests;
using EventService.Models.Sampling;
using EventService.Registry.Keys;
using EventService.Server.ApiDocs;
using EventService.Server.Keys;

namespace EventService.Server.Receipts;

/// <summary>Whether a file is what its receipt says.</summary>
internal static class ReceiptsApi
{
    public static IServiceCollection AddReceipts(this IServiceCollection services) => services.AddSingleton<VerifyReceipt>();

    public static void MapReceipts(this WebApplication app) =>
        app.MapPost("/receipts/verify", (HttpContext context, VerifyReceipt verify) => verify.RunAsync(context))
            .WithTags("Receipts")
            .Takes(KeyScope.Generate)
            .Produces<ReceiptVerification>()
            .WithSummary("Make the events of a receipt again, and compare.")
            .WithDescription("With the file in the body and its receipt in the header EventService-Receipt: curl --data-binary @events.npy -H \"EventService-Receipt: $(cat receipt.json)\". Or with the receipt in the body, and bodySha256, or nothing to compare with: then it is checked that the model and its arithmetic are here and say the same. 'verified' is the verdict, 'differences' says what does not agree.")
            .WithMetadata(new OperationDocs(
                VerifyReceipt.Parameters,
                new Dictionary<string, JsonNode> { ["application/json"] = new JsonObject { ["process"] = "ttbar", ["model"] = "ttbar-objects", ["sha256"] = "...", ["seed"] = "42", ["first"] = 0, ["n"] = 100 } },
                ["application/json"],
                new Dictionary<string, string>(),
                "The verdict."));
}

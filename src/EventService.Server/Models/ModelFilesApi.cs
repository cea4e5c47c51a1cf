using System.Buffers;

using EventService.Registry;
using EventService.Registry.Artifacts;
using EventService.Registry.Cards;
using EventService.Registry.Catalog;
using EventService.Registry.Files;
using EventService.Registry.Keys;
using EventService.Registry.Versions;
using EventService.Server.Keys;
using EventService.Server.Problems;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace EventService.Server.Models;

/// <summary>Model files and their validation cards, in and out.</summary>
internal static class ModelFilesApi
{
    private const string Binary = "application/octet-stream";

    /// <summary>curl's --data-binary calls everything a form; what the bytes are is seen when they are read.</summary>
    private const string AnyType = "*/*";

    public static void MapModelFiles(this WebApplication app)
    {
        var files = app.MapGroup("").WithTags("Models").ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        files.MapPost("/models", PublishAsync)
            .Takes(KeyScope.Publish)
            .Accepts<Stream>(Binary, AnyType)
            .Produces<PublishedResponse>(StatusCodes.Status201Created)
            .Produces<PublishedResponse>()
            .WithSummary("Publish a model file as the next version of its model.")
            .WithDescription("The body is the file (safetensors with its document): curl --data-binary @model.safetensors. It is checked as a model before anybody sees it. name: of the model, if not the one in the document. sha256: refuse the file if it is another. A file that the model has already is answered 200 with its version, so an upload can be repeated.")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status413PayloadTooLarge);

        files.MapMethods("/models/{name}/versions/{version:int}/file", [HttpMethods.Get, HttpMethods.Head], DownloadAsync)
            .Takes(KeyScope.Read)
            .Produces(StatusCodes.Status200OK, contentType: Binary)
            .WithSummary("The file of a version.")
            .WithDescription("Its ETag is its sha256, and it never changes: conditional requests and ranges are answered.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        files.MapGet("/models/{name}/versions/{version:int}/card", async (string name, int version, IModelCatalog catalog, CancellationToken cancellationToken) =>
                Results.Content(await catalog.GetCardAsync(name, version, cancellationToken), "application/json"))
            .Takes(KeyScope.Read)
            .WithSummary("The last validation card of a version.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        files.MapPost("/models/{name}/versions/{version:int}/card", AddCardAsync)
            .Takes(KeyScope.Publish)
            .Accepts<Stream>("application/json", AnyType)
            .Produces<CardResponse>(StatusCodes.Status201Created)
            .WithSummary("Add a validation card to a version.")
            .WithDescription("The body is card.json as 'eventservice evaluate' writes it, of this version by its sha256. The last card decides whether production may mean the version.")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> PublishAsync(string? name, string? sha256, HttpContext context, IModelCatalog catalog, ModelUploads uploads)
    {
        var request = context.Request;
        if (request.HasFormContentType && request.ContentType!.StartsWith("multipart/", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, "The body is a form, expected the bytes of the file: curl --data-binary @model.safetensors, not -F.");
        }

        if (request.ContentLength > uploads.MaximumBytes)
        {
            throw ArtifactFolder.TooLong(uploads.MaximumBytes);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = null; // counted while it is spooled
        }

        var published = await catalog.PublishAsync(request.Body, new PublishRequest(name, sha256), context.RequestAborted);
        var address = $"/models/{published.Name}/versions/{published.Version}";
        return published.IsNew ? Results.Created(address, published) : Results.Ok(published);
    }

    private static async Task<IResult> DownloadAsync(string name, int version, HttpContext context, IModelCatalog catalog, CancellationToken cancellationToken)
    {
        var found = await catalog.GetVersionAsync(name, version, cancellationToken);
        var headers = context.Response.Headers;
        headers.CacheControl = "private, max-age=31536000, immutable";
        headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(found.Sha256))}:"; // RFC 9530
        return Results.Stream(
            await catalog.OpenFileAsync(found, cancellationToken),
            Binary,
            $"{found.Name}-{found.Version}{ModelFile.Extension}",
            new DateTimeOffset(found.CreatedAt),
            new EntityTagHeaderValue($"\"{found.Sha256}\""),
            enableRangeProcessing: true);
    }

    private static async Task<IResult> AddCardAsync(string name, int version, HttpContext context, IModelCatalog catalog, CancellationToken cancellationToken)
    {
        var card = await catalog.AddCardAsync(name, version, await ReadCardAsync(context.Request.Body, cancellationToken), cancellationToken);
        return Results.Created($"/models/{name}/versions/{version}/card", card);
    }

    private static async Task<string> ReadCardAsync(Stream body, CancellationToken cancellationToken)
    {
        var characters = ArrayPool<char>.Shared.Rent(CardCheck.MaximumLength + 1);
        try
        {
            using var reader = new StreamReader(body);
            var length = await reader.ReadBlockAsync(characters.AsMemory(0, CardCheck.MaximumLength + 1), cancellationToken);
            return length <= CardCheck.MaximumLength
                ? new string(characters, 0, length)
                : throw new RegistryException(RegistryFault.TooLarge, $"The card is longer than {CardCheck.MaximumLength} characters, expected card.json as 'eventservice evaluate' writes it.");
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters);
        }
    }
}

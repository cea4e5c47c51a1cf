using EventService.Registry.Keys;
using EventService.Server.Callers;

namespace EventService.Server.Keys;

/// <summary>The keys of this service, for administrators.</summary>
internal static class KeysApi
{
    public static void MapKeys(this WebApplication app)
    {
        var keys = app.MapGroup("/keys").WithTags("Keys").Takes(KeyScope.Admin).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        keys.MapGet("", (HttpContext context, KeyStore store, CancellationToken cancellationToken) =>
                Catalog(store, context).ListAsync(cancellationToken))
            .WithSummary("All keys, without the keys themselves.");

        keys.MapPost("", async (CreateKeyRequest request, HttpContext context, KeyStore store, KeyCache cache, CancellationToken cancellationToken) =>
            {
                var issued = await Catalog(store, context).CreateAsync(request, cancellationToken);
                await cache.RefreshAsync(cancellationToken);
                return Results.Created($"/keys/{issued.Details.Id}", issued);
            })
            .Produces<IssuedKeyResponse>(StatusCodes.Status201Created)
            .WithSummary("Make a key. The answer is the only time that it is shown.")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict);

        keys.MapPost("/{id:long}/rotate", async (long id, RotateKeyRequest? request, HttpContext context, KeyStore store, KeyCache cache, CancellationToken cancellationToken) =>
            {
                var issued = await Catalog(store, context).RotateAsync(id, request ?? new RotateKeyRequest(), cancellationToken);
                await cache.RefreshAsync(cancellationToken);
                return Results.Created($"/keys/{issued.Details.Id}", issued);
            })
            .Produces<IssuedKeyResponse>(StatusCodes.Status201Created)
            .WithSummary("Replace a key by a new one; the old one ends at once, or after an overlap.")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);

        keys.MapDelete("/{id:long}", async (long id, HttpContext context, KeyStore store, KeyCache cache, CancellationToken cancellationToken) =>
            {
                var revoked = await Catalog(store, context).RevokeAsync(id, cancellationToken);
                await cache.RefreshAsync(cancellationToken);
                return revoked;
            })
            .WithSummary("Revoke a key. It ends on this server at once, on others within a second or two.")
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static KeyCatalog Catalog(KeyStore store, HttpContext context) => new(store, context.Caller().Name);
}

using EventService.Registry.Catalog;
using EventService.Registry.Keys;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Problems;

namespace EventService.Server.Models;

/// <summary>What the names of versions mean, meant, and shall mean.</summary>
internal static class AliasesApi
{
    public static void MapAliases(this WebApplication app)
    {
        var aliases = app.MapGroup("/models/{name}/aliases/{alias}").WithTags("Models")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        aliases.MapGet("", (string name, string alias, DateTimeOffset? at, IModelCatalog catalog, CancellationToken cancellationToken) =>
                catalog.GetAliasAsync(name, alias, at, cancellationToken))
            .Takes(KeyScope.Read)
            .WithSummary("What an alias means, or meant at a time.")
            .WithDescription("at: such as 2026-11-22T12:00:00Z. Answers which bytes were production then, since when, by whom and why.");

        aliases.MapPut("", (string name, string alias, MoveAliasRequest request, HttpContext context, IModelCatalog catalog, CancellationToken cancellationToken) =>
                request.Override && !KeyScope.Allow(context.Caller().Scopes, KeyScope.Admin)
                    ? throw new ProblemException(StatusCodes.Status403Forbidden, $"An override takes '{KeyScope.Admin}'. Add a validation card that passes, or ask somebody with a key of that scope.")
                    : catalog.MoveAliasAsync(name, alias, request, cancellationToken))
            .Takes(KeyScope.Publish)
            .WithSummary("Move an alias to a version (promote), or back to the one before (rollback).")
            .WithDescription("revision: the one that was seen, 0 for a new alias; if somebody else has moved the alias since, the answer is 409 and nothing is moved. production takes a version whose last validation card passes; without one the answer is 422, unless an administrator overrides it, which the history records.")
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);

        aliases.MapDelete("", async (string name, string alias, string reason, int? revision, IModelCatalog catalog, CancellationToken cancellationToken) =>
            {
                await catalog.RemoveAliasAsync(name, alias, new RemoveAliasRequest(reason, revision), cancellationToken);
                return Results.NoContent();
            })
            .Takes(KeyScope.Publish)
            .Produces(StatusCodes.Status204NoContent)
            .WithSummary("Remove an alias; its history stays.")
            .ProducesProblem(StatusCodes.Status409Conflict);
    }
}

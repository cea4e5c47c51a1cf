using System.Linq.Expressions;
using System.Text.Json;

using EventService.Registry.Aliases;
using EventService.Registry.Databases;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Catalog;

/// <summary>The registry in a database, as one person sees and changes it.</summary>
/// <param name="contexts">The database.</param>
/// <param name="registry">What changes it.</param>
/// <param name="uploads">What checks files before they get in.</param>
/// <param name="actor">Who acts, for the history.</param>
public sealed class ModelCatalog(IDbContextFactory<RegistryContext> contexts, ModelRegistry registry, ModelUploads uploads, string actor) : IModelCatalog
{
    private static readonly Expression<Func<ModelVersion, VersionResponse>> s_version = v => new VersionResponse(
        v.Number, v.Sha256, v.SizeBytes, v.State, v.CreatedBy, v.CreatedAt,
        v.Cards.OrderByDescending(c => c.Id).Select(c => (bool?)c.Passed).FirstOrDefault());

    /// <inheritdoc/>
    public async Task<ModelPage> ListAsync(ModelSearch search, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(search);
        if (search.Limit is < 1 or > ModelSearch.LargestLimit)
        {
            throw new RegistryException(RegistryFault.Invalid, $"limit is {search.Limit}, expected 1 to {ModelSearch.LargestLimit}.");
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var models = context.Models.AsQueryable();
        if (search.Process is { } process)
        {
            models = models.Where(m => m.Process == process);
        }

        if (search.Text?.ToLowerInvariant() is { } text)
        {
#pragma warning disable CA1862 // EF translates this, and no overload with a comparison
            models = models.Where(m => m.Name.ToLower().Contains(text) || m.Process.ToLower().Contains(text));
#pragma warning restore CA1862
        }

        if (search.Alias is { } alias)
        {
            models = models.Where(m => m.Aliases.Any(a => a.Name == alias));
        }

        if (search.After is { } after)
        {
            models = models.Where(m => string.Compare(m.Name, after) > 0);
        }

        // One more than asked for says whether there is a next page.
        var found = await ReadAsync(models.OrderBy(m => m.Name).Take(search.Limit + 1), cancellationToken);
        return found.Count > search.Limit
            ? new ModelPage(found[..search.Limit], found[search.Limit - 1].Name)
            : new ModelPage(found, null);
    }

    /// <inheritdoc/>
    public async Task<ModelResponse> GetAsync(string model, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return (await ReadAsync(context.Models.Where(m => m.Name == model), cancellationToken)).SingleOrDefault()
            ?? throw await ModelRegistry.UnknownModelAsync(context, model, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<VersionDocumentResponse> GetVersionAsync(string model, int version, CancellationToken cancellationToken = default)
    {
        var found = await registry.FindAsync(new ModelQuery(Model: model, Version: version), cancellationToken);
        var summary = await SummaryAsync(found.Id, cancellationToken);
        return new VersionDocumentResponse(
            found.Model.Name, found.Model.Process, found.Number, found.Sha256, found.SizeBytes, found.State, found.CreatedBy, found.CreatedAt,
            summary.Validated, JsonElement.Parse(found.Document));
    }

    /// <inheritdoc/>
    public async Task<PublishedResponse> PublishAsync(Stream file, PublishRequest request, CancellationToken cancellationToken = default)
    {
        var (version, isNew) = await uploads.PublishAsync(file, request, actor, cancellationToken);
        return new PublishedResponse(version.Model.Name, version.Model.Process, version.Number, version.Sha256, version.SizeBytes, isNew);
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenFileAsync(VersionDocumentResponse version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        return await registry.OpenAsync(version.Sha256, version.SizeBytes, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<CardResponse> AddCardAsync(string model, int version, string content, CancellationToken cancellationToken = default)
    {
        var card = await registry.AddCardAsync(model, version, content, actor, cancellationToken);
        return new CardResponse(model, version, card.Passed, card.CreatedBy, card.CreatedAt);
    }

    /// <inheritdoc/>
    public async Task<string> GetCardAsync(string model, int version, CancellationToken cancellationToken = default) =>
        (await registry.GetCardAsync(model, version, cancellationToken)).Content;

    /// <inheritdoc/>
    public async Task<AliasResponse> GetAliasAsync(string model, string alias, DateTimeOffset? at = null, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var id = await context.Models.Where(m => m.Name == model).Select(m => (long?)m.Id).SingleOrDefaultAsync(cancellationToken)
            ?? throw await ModelRegistry.UnknownModelAsync(context, model, cancellationToken);
        var found = await AliasHistory.AtAsync(context, id, alias, at?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc), cancellationToken);
        if (found is not { Move: { ToVersionId: not null } move } known)
        {
            var aliases = await context.Aliases.Where(a => a.ModelId == id).Select(a => a.Name).Order().ToListAsync(cancellationToken);
            var when = at is { } time ? $"meant nothing at {time.UtcDateTime:yyyy-MM-dd HH:mm:ss.FFFFFF}Z" : "is not there";
            throw new RegistryException(RegistryFault.NotFound, $"Alias '{alias}' of model '{model}' {when}. Aliases now: {ModelRegistry.Quoted(aliases)}; their moves are in the history.");
        }

        return await ResponseAsync(model, move, known.Revision, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<AliasResponse> MoveAliasAsync(string model, string alias, MoveAliasRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Rollback == request.Version is not null)
        {
            throw new RegistryException(RegistryFault.Invalid, $"{(request.Rollback ? "Both version and rollback are" : "Neither version nor rollback is")} given, expected one of them, such as \"version\": 2.");
        }

        var moved = request.Rollback
            ? await registry.RollBackAsync(new AliasRollback(model, alias, actor, request.Reason, request.Revision), cancellationToken)
            : (await registry.MoveAliasAsync(new AliasChange(model, alias, request.Version, actor, request.Reason, request.Revision, request.Override), cancellationToken))!;

        // As it was then: somebody else may have moved it since.
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await ResponseAsync(model, await AliasHistory.MoveAsync(context, moved, cancellationToken), moved.Revision, cancellationToken);
    }

    /// <inheritdoc/>
    public Task RemoveAliasAsync(string model, string alias, RemoveAliasRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return registry.MoveAliasAsync(new AliasChange(model, alias, null, actor, request.Reason, request.Revision), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HistoryEntryResponse>> HistoryAsync(string model, string? alias = null, CancellationToken cancellationToken = default)
    {
        var moves = await registry.HistoryAsync(model, cancellationToken);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var versions = await context.Versions.Where(v => v.Model.Name == model).Select(v => new { v.Id, v.Number, v.CreatedBy, v.CreatedAt }).ToListAsync(cancellationToken);
        var numbers = versions.ToDictionary(v => v.Id, v => v.Number);
        var entries = new List<HistoryEntryResponse>();
        if (alias is null)
        {
            var ids = context.Versions.Where(v => v.Model.Name == model).Select(v => v.Id);
            var cards = await context.Cards.Where(c => ids.Contains(c.VersionId)).OrderBy(c => c.Id).Select(c => new { c.VersionId, c.Passed, c.CreatedBy, c.CreatedAt }).ToListAsync(cancellationToken);
            var states = await context.VersionEvents.AsNoTracking().Where(e => ids.Contains(e.VersionId)).OrderBy(e => e.Id).ToListAsync(cancellationToken);
            entries.AddRange(versions.OrderBy(v => v.Number).Select(v => new HistoryEntryResponse(v.CreatedAt, "published", v.Number, null, null, null, null, v.CreatedBy, null)));
            entries.AddRange(cards.Select(c => new HistoryEntryResponse(c.CreatedAt, c.Passed ? "card passed" : "card failed", numbers[c.VersionId], null, null, null, null, c.CreatedBy, null)));
            entries.AddRange(states.Select(e => new HistoryEntryResponse(e.At, e.State, numbers[e.VersionId], null, null, null, null, e.Actor, e.Reason)));
        }

        var revisions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var move in moves.Where(m => alias is null || m.Alias == alias))
        {
            var revision = revisions[move.Alias] = revisions.GetValueOrDefault(move.Alias) + 1;
            int? from = move.FromVersionId is { } earlier ? numbers[earlier] : null;
            entries.Add(move.ToVersionId is { } to
                ? new HistoryEntryResponse(move.At, "moved", numbers[to], move.Alias, from, revision, move.Grounds, move.Actor, move.Reason)
                : new HistoryEntryResponse(move.At, "removed", from, move.Alias, from, revision, null, move.Actor, move.Reason));
        }

        // Stable: what has one time stays as it was added.
        return [.. entries.OrderBy(e => e.At)];
    }

    /// <inheritdoc/>
    public async Task<VersionResponse> SetStateAsync(string model, int version, SetStateRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        await registry.SetStateAsync(model, version, request.State, actor, request.Reason, cancellationToken);
        return await SummaryAsync((await registry.FindAsync(new ModelQuery(Model: model, Version: version), cancellationToken)).Id, cancellationToken);
    }

    private async Task<AliasResponse> ResponseAsync(string model, AliasEvent move, int revision, CancellationToken cancellationToken)
    {
        var version = await SummaryAsync(move.ToVersionId!.Value, cancellationToken);
        return new AliasResponse(model, move.Alias, version.Version, version.Sha256, revision, move.At, move.Actor, move.Reason, move.Grounds);
    }

    private async Task<VersionResponse> SummaryAsync(long versionId, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Versions.Where(v => v.Id == versionId).Select(s_version).SingleAsync(cancellationToken);
    }

    /// <summary>Without documents and cards, which are long.</summary>
    private static async Task<List<ModelResponse>> ReadAsync(IQueryable<RegisteredModel> models, CancellationToken cancellationToken)
    {
        var found = await models.AsSplitQuery()
            .OrderBy(m => m.Name)
            .Select(m => new
            {
                m.Name,
                m.Process,
                m.CreatedAt,
                Aliases = m.Aliases.OrderBy(a => a.Name).Select(a => new { a.Name, a.Version.Number }).ToList(),
                Versions = m.Versions.AsQueryable().OrderBy(v => v.Number).Select(s_version).ToList(),
            })
            .ToListAsync(cancellationToken);
        return [.. found.Select(m => new ModelResponse(m.Name, m.Process, m.CreatedAt, m.Aliases.ToDictionary(a => a.Name, a => a.Number), m.Versions))];
    }
}

using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry;

/// <summary>Names, versions, digests and provenance: the one door for a model.</summary>
public sealed class ModelRegistry(IDbContextFactory<RegistryContext> contexts, ArtifactFolder files, TimeProvider time)
{
    /// <summary>Raised after each change made through this object; <see cref="RegistryWatch"/> notices those of others.</summary>
    public event Action? Changed;

    /// <summary>All models by name, each with its versions, their cards and its aliases.</summary>
    public async Task<IReadOnlyList<RegisteredModel>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Everything(context).OrderBy(m => m.Name).ToListAsync(cancellationToken);
    }

    /// <summary>The model of this name, with its versions, their cards and its aliases.</summary>
    /// <exception cref="RegistryException">There is none; the message lists what there is.</exception>
    public async Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await Everything(context).SingleOrDefaultAsync(m => m.Name == name, cancellationToken)
            ?? throw await UnknownModelAsync(context, name, cancellationToken);
    }

    /// <summary>Number of models.</summary>
    public async Task<int> CountAsync(CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Models.CountAsync(cancellationToken);
    }

    /// <summary>The version that a request means, with its model.</summary>
    /// <exception cref="RegistryException">There is none, or more than one; the message lists what there is.</exception>
    public async Task<ModelVersion> FindAsync(ModelQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query is { Version: not null, Alias: not null })
        {
            throw new RegistryException(RegistryFault.Ambiguous, $"Both version {query.Version} and alias '{query.Alias}' are given, expected one of them.");
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var model = await FindModelAsync(context, query, cancellationToken);
        var alias = query.Alias ?? ModelAlias.Production;
        var versionId = model.Aliases.SingleOrDefault(a => a.Name == alias)?.VersionId;
        var version = await context.Versions.AsNoTracking().Include(v => v.Model)
            .SingleOrDefaultAsync(v => query.Version == null ? v.Id == versionId : v.ModelId == model.Id && v.Number == query.Version, cancellationToken);
        if (version is not null)
        {
            return version;
        }

        if (query.Version is { } number)
        {
            throw await UnknownVersionAsync(context, model, number, cancellationToken);
        }

        var numbers = await NumbersAsync(context, model, cancellationToken);
        throw new RegistryException(RegistryFault.NotFound,
            $"Model '{model.Name}' has no alias '{alias}'. Aliases: {Quoted(model.Aliases.Select(a => a.Name))}; versions: {numbers}.");
    }

    /// <summary>The file of a version, from this machine's copy; memory does not depend on its length.</summary>
    /// <exception cref="RegistryException">Bytes are missing or changed.</exception>
    public Task<FileStream> OpenAsync(ModelVersion version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        return files.OpenAsync(version.Sha256, version.SizeBytes, FetchAsync, cancellationToken);

        async Task FetchAsync(Stream to, CancellationToken token)
        {
            await using var context = await contexts.CreateDbContextAsync(token);
            await ArtifactStore.CopyAsync(context, version.Sha256, to, token);
        }
    }

    /// <summary>The bytes of a version, checked against its digest.</summary>
    /// <exception cref="RegistryException">Bytes are missing or changed.</exception>
    public async Task<byte[]> ReadAsync(ModelVersion version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        for (var again = false; ; again = true)
        {
            byte[] bytes;
            await using (var file = await OpenAsync(version, cancellationToken))
            {
                bytes = new byte[version.SizeBytes];
                await file.ReadExactlyAsync(bytes, cancellationToken);
            }

            if (ArtifactStore.Digest(bytes) == version.Sha256)
            {
                return bytes;
            }

            // The disk has lost them: the database has them still.
            files.Forget(version.Sha256);
            if (again)
            {
                throw new RegistryException(RegistryFault.Unusable, $"This machine's copy of the model file {version.Sha256} does not stay as it was written. Check the disk of the data folder.");
            }
        }
    }

    /// <summary>Whether a version with this digest is registered under any model.</summary>
    public async Task<bool> ContainsAsync(string sha256, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Versions.AnyAsync(v => v.Sha256 == sha256, cancellationToken);
    }

    /// <summary>The moves of all aliases of a model, in the order in which they were made.</summary>
    /// <exception cref="RegistryException">There is no such model; the message lists what there is.</exception>
    public async Task<IReadOnlyList<AliasEvent>> HistoryAsync(string name, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var model = await context.Models.AsNoTracking().SingleOrDefaultAsync(m => m.Name == name, cancellationToken)
            ?? throw await UnknownModelAsync(context, name, cancellationToken);
        return await context.AliasEvents.AsNoTracking().Where(e => e.ModelId == model.Id).OrderBy(e => e.Id).ToListAsync(cancellationToken);
    }

    /// <summary>
    /// Registers a file as the next version of its model; one transaction makes it visible. If <paramref name="promote"/> allows it,
    /// given who moved <c>production</c> last (null: nobody), the alias moves to the new version.
    /// A digest that the model has already is left as it is and null is returned.
    /// </summary>
    /// <exception cref="RegistryException">The model's name is taken by another process.</exception>
    public async Task<ModelVersion?> RegisterAsync(NewVersion added, Func<string?, bool> promote, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(added);
        ArgumentNullException.ThrowIfNull(promote);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var there = await context.Models.AsNoTracking().SingleOrDefaultAsync(m => m.Name == added.Name, cancellationToken);
        if (there is not null && await IsRegisteredAsync(context, there, added, cancellationToken))
        {
            return null;
        }

        // The bytes go in before the transaction: however many they are, nobody waits for them.
        await ArtifactStore.WriteAsync(context, added.File, cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.LockArtifactsAsync(alone: false, cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        await context.Database.ExecuteSqlAsync(
            $"INSERT INTO model (name, process, created_at) VALUES ({added.Name}, {added.Process}, {now}) ON CONFLICT DO NOTHING", cancellationToken);
        await context.LockModelAsync(added.Name, cancellationToken);
        var model = await context.Models.Include(m => m.Aliases).SingleAsync(m => m.Name == added.Name, cancellationToken);
        if (await IsRegisteredAsync(context, model, added, cancellationToken))
        {
            return null;
        }

        // Again, for the rows that a sweep has taken meanwhile; from here on none can.
        await ArtifactStore.WriteAsync(context, added.File, cancellationToken);
        var version = new ModelVersion
        {
            Model = model,
            Number = 1 + (await context.Versions.Where(v => v.ModelId == model.Id).MaxAsync(v => (int?)v.Number, cancellationToken) ?? 0),
            Sha256 = added.File.Sha256,
            SizeBytes = added.File.Size,
            Document = added.Document,
            State = ModelVersion.Active,
            CreatedBy = added.Actor,
            CreatedAt = now,
        };
        context.Versions.Add(version);
        if (added.Card is { } card)
        {
            version.Cards.Add(new ValidationCard { Content = card.Content, Passed = card.Passed, CreatedBy = added.Actor, CreatedAt = now });
        }

        await context.SaveChangesAsync(cancellationToken);
        var mover = await context.AliasEvents.Where(e => e.ModelId == model.Id && e.Alias == ModelAlias.Production)
            .OrderByDescending(e => e.Id).Select(e => e.Actor).FirstOrDefaultAsync(cancellationToken);
        if (promote(mover))
        {
            await MoveAsync(context, model, ModelAlias.Production, version, added.Actor, added.Reason, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        Changed?.Invoke();
        return version;
    }

    /// <summary>Moves, makes or removes an alias and adds that to its history. An alias that means the version already is left as it is.</summary>
    /// <returns>The alias; null where it was removed.</returns>
    /// <exception cref="RegistryException">
    /// There is no such model, version or alias; the version is retired; or the alias is not at the revision that the actor has seen.
    /// </exception>
    public async Task<ModelAlias?> MoveAliasAsync(AliasChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var model = await LockedModelAsync(context, change.Model, cancellationToken);
        var alias = model.Aliases.SingleOrDefault(a => a.Name == change.Alias);
        if (change.ExpectedRevision is { } expected && expected != (alias?.Revision ?? 0))
        {
            throw new RegistryException(RegistryFault.Conflict,
                $"Alias '{change.Alias}' of model '{model.Name}' is at revision {alias?.Revision ?? 0}, expected {expected}: somebody else has moved it. Look at it again, then decide.");
        }

        if (change.Version is null && alias is null)
        {
            throw new RegistryException(RegistryFault.NotFound, $"Model '{model.Name}' has no alias '{change.Alias}'. Aliases: {Quoted(model.Aliases.Select(a => a.Name))}.");
        }

        var version = change.Version is { } number ? await VersionAsync(context, model, number, cancellationToken) : null;
        if (version is { State: not ModelVersion.Active })
        {
            throw new RegistryException(RegistryFault.Conflict, $"Version {version.Number} of model '{model.Name}' is {version.State}. Make it active again first, or take another version.");
        }

        if (version is not null && alias?.VersionId == version.Id)
        {
            return alias;
        }

        await MoveAsync(context, model, change.Alias, version, change.Actor, change.Reason, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Changed?.Invoke();
        return version is null ? null : model.Aliases.Single(a => a.Name == change.Alias);
    }

    /// <summary>
    /// Retires a version or makes it active again. A retired one keeps its number and bytes and is served to those who name the number,
    /// so that receipts can be replayed; no alias means it.
    /// </summary>
    /// <exception cref="RegistryException">There is no such version, or an alias means it.</exception>
    public async Task SetStateAsync(string name, int number, string state, string actor, string reason, CancellationToken cancellationToken = default)
    {
        if (state is not (ModelVersion.Active or ModelVersion.Retired))
        {
            throw new ArgumentException($"State is '{state}', expected '{ModelVersion.Active}' or '{ModelVersion.Retired}'.", nameof(state));
        }

        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var model = await LockedModelAsync(context, name, cancellationToken);
        var version = await VersionAsync(context, model, number, cancellationToken);
        if (version.State == state)
        {
            return;
        }

        var meaning = model.Aliases.FindAll(a => a.VersionId == version.Id);
        if (state == ModelVersion.Retired && meaning.Count > 0)
        {
            throw new RegistryException(RegistryFault.Conflict, $"Version {number} of model '{name}' is what {Quoted(meaning.Select(a => a.Name))} means. Move or remove the alias first.");
        }

        version.State = state;
        context.VersionEvents.Add(new VersionEvent { VersionId = version.Id, State = state, Actor = actor, Reason = reason, At = time.GetUtcNow().UtcDateTime });
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Changed?.Invoke();
    }

    /// <summary>Moves an alias, or removes it for a null version, with its line in the history; part of the caller's transaction.</summary>
    private async Task MoveAsync(RegistryContext context, RegisteredModel model, string name, ModelVersion? version, string actor, string reason, CancellationToken cancellationToken)
    {
        var alias = model.Aliases.SingleOrDefault(a => a.Name == name);
        context.AliasEvents.Add(new AliasEvent
        {
            ModelId = model.Id,
            Alias = name,
            FromVersionId = alias?.VersionId,
            ToVersionId = version?.Id,
            Actor = actor,
            Reason = reason,
            At = time.GetUtcNow().UtcDateTime,
        });
        if (alias is null)
        {
            // An alias that is made again goes on counting: nobody can take it for the one that was there before.
            var moves = await context.AliasEvents.CountAsync(e => e.ModelId == model.Id && e.Alias == name, cancellationToken);
            model.Aliases.Add(new ModelAlias { Name = name, VersionId = version!.Id, Revision = moves + 1 });
        }
        else if (version is null)
        {
            context.Aliases.Remove(alias);
        }
        else
        {
            alias.VersionId = version.Id;
            alias.Revision++;
        }

        await context.SaveChangesAsync(cancellationToken);
    }

    /// <exception cref="RegistryException">The model's name is taken by another process.</exception>
    private static Task<bool> IsRegisteredAsync(RegistryContext context, RegisteredModel model, NewVersion added, CancellationToken cancellationToken) =>
        model.Process == added.Process
            ? context.Versions.AnyAsync(v => v.ModelId == model.Id && v.Sha256 == added.File.Sha256, cancellationToken)
            : throw new RegistryException(RegistryFault.Conflict,
                $"Model '{model.Name}' is of process '{model.Process}', the file is of '{added.Process}'. Give the model another name.");

    /// <summary>The model with its aliases, which nobody else changes until the transaction ends.</summary>
    private static async Task<RegisteredModel> LockedModelAsync(RegistryContext context, string name, CancellationToken cancellationToken)
    {
        await context.LockModelAsync(name, cancellationToken);
        return await context.Models.Include(m => m.Aliases).SingleOrDefaultAsync(m => m.Name == name, cancellationToken)
            ?? throw await UnknownModelAsync(context, name, cancellationToken);
    }

    private static async Task<ModelVersion> VersionAsync(RegistryContext context, RegisteredModel model, int number, CancellationToken cancellationToken) =>
        await context.Versions.SingleOrDefaultAsync(v => v.ModelId == model.Id && v.Number == number, cancellationToken)
            ?? throw await UnknownVersionAsync(context, model, number, cancellationToken);

    private static async Task<RegisteredModel> FindModelAsync(RegistryContext context, ModelQuery query, CancellationToken cancellationToken)
    {
        var models = context.Models.AsNoTracking().Include(m => m.Aliases);
        if (query.Model is { } name)
        {
            var model = await models.SingleOrDefaultAsync(m => m.Name == name, cancellationToken)
                ?? throw await UnknownModelAsync(context, name, cancellationToken);
            return query.Process is null || query.Process == model.Process
                ? model
                : throw new RegistryException(RegistryFault.Ambiguous, $"Model '{name}' is of process '{model.Process}', not '{query.Process}'. Leave one of the two out.");
        }

        if (query.Process is not { } process)
        {
            throw new RegistryException(RegistryFault.Ambiguous, "Neither process nor model is given, expected one of them, such as process=ttbar.");
        }

        var candidates = await models.Where(m => m.Process == process).OrderBy(m => m.Name).ToListAsync(cancellationToken);
        if (candidates.Count == 0)
        {
            var known = await context.Models.Select(m => m.Process).Distinct().Order().ToListAsync(cancellationToken);
            throw new RegistryException(RegistryFault.NotFound, $"Process '{process}' not found. Known: {Quoted(known)}.");
        }

        // A model that has the alias asked for stands before one that has not: a candidate does not hide what is in production.
        var alias = query.Alias ?? ModelAlias.Production;
        var named = candidates.FindAll(m => m.Aliases.Exists(a => a.Name == alias));
        var fitting = named.Count > 0 ? named : candidates;
        return fitting.Count == 1
            ? fitting[0]
            : throw new RegistryException(RegistryFault.Ambiguous,
                $"Process '{process}' is served by several models: {Quoted(fitting.Select(m => m.Name))}. Name one with 'model'.");
    }

    private static IQueryable<RegisteredModel> Everything(RegistryContext context) =>
        context.Models.AsNoTracking().AsSplitQuery()
            .Include(m => m.Versions.OrderBy(v => v.Number)).ThenInclude(v => v.Cards)
            .Include(m => m.Aliases.OrderBy(a => a.Name)).ThenInclude(a => a.Version);

    private static async Task<RegistryException> UnknownModelAsync(RegistryContext context, string name, CancellationToken cancellationToken)
    {
        var known = await context.Models.Select(m => m.Name).Order().ToListAsync(cancellationToken);
        return new RegistryException(RegistryFault.NotFound, $"Model '{name}' not found. Registered: {Quoted(known)}.");
    }

    private static async Task<RegistryException> UnknownVersionAsync(RegistryContext context, RegisteredModel model, int number, CancellationToken cancellationToken) =>
        new(RegistryFault.NotFound, $"Model '{model.Name}' has no version {number}. Registered: {await NumbersAsync(context, model, cancellationToken)}.");

    private static async Task<string> NumbersAsync(RegistryContext context, RegisteredModel model, CancellationToken cancellationToken) =>
        string.Join(", ", await context.Versions.Where(v => v.ModelId == model.Id).Select(v => v.Number).Order().ToListAsync(cancellationToken));

    private static string Quoted(IEnumerable<string> names)
    {
        var text = string.Join(", ", names.Select(n => $"'{n}'"));
        return text.Length > 0 ? text : "none";
    }
}

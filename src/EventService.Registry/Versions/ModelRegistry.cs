using EventService.Registry.Aliases;
using EventService.Registry.Artifacts;
using EventService.Registry.Cards;
using EventService.Registry.Databases;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Versions;

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
        return OpenAsync(version.Sha256, version.SizeBytes, cancellationToken);
    }

    /// <summary>The file of this digest and length, from this machine's copy.</summary>
    /// <exception cref="RegistryException">Bytes are missing or changed.</exception>
    public Task<FileStream> OpenAsync(string sha256, long size, CancellationToken cancellationToken = default)
    {
        return files.OpenAsync(sha256, size, FetchAsync, cancellationToken);

        async Task FetchAsync(Stream to, CancellationToken token)
        {
            await using var context = await contexts.CreateDbContextAsync(token);
            await ArtifactStore.CopyAsync(context, sha256, to, token);
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
    /// A digest that the model has already is left as it is.
    /// </summary>
    /// <exception cref="RegistryException">The model's name is taken by another process, or a name is not one that the registry
    /// takes.</exception>
    public async Task<RegisteredVersion> RegisterAsync(NewVersion added, Func<string?, bool> promote, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(added);
        ArgumentNullException.ThrowIfNull(promote);
        RegistryName.Require("name of the model", added.Name);
        RegistryName.Require("process", added.Process);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var there = await context.Models.AsNoTracking().SingleOrDefaultAsync(m => m.Name == added.Name, cancellationToken);
        if (there is not null && await RegisteredAsync(context, there, added, cancellationToken) is { } known)
        {
            return new RegisteredVersion(known, IsNew: false);
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
        if (await RegisteredAsync(context, model, added, cancellationToken) is { } meanwhile)
        {
            return new RegisteredVersion(meanwhile, IsNew: false);
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
            var grounds = added.Card is { Passed: true } ? AliasGrounds.Card : AliasGrounds.Override;
            await MoveAsync(context, model, ModelAlias.Production, version, grounds, added.Actor, added.Reason, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        Changed?.Invoke();
        return new RegisteredVersion(version, IsNew: true);
    }

    /// <summary>
    /// Moves, makes or removes an alias and adds that to its history. An alias that means the version already is left as it is.
    /// </summary>
    /// <returns>The alias; null where it was removed.</returns>
    /// <exception cref="RegistryException">
    /// There is no such model, version or alias; the version is retired, or not validated for production; or the alias is not at the
    /// revision that the actor has seen.
    /// </exception>
    public async Task<ModelAlias?> MoveAliasAsync(AliasChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        RegistryName.RequireAlias(change.Alias);
        RegistryName.RequireReason(change.Reason);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var model = await LockedModelAsync(context, change.Model, cancellationToken);
        var alias = AliasAt(model, change.Alias, change.ExpectedRevision, isNeeded: change.Version is null);
        var version = change.Version is { } number ? await VersionAsync(context, model, number, cancellationToken) : null;
        RequireActive(model, version);
        if (version is not null && alias?.VersionId == version.Id)
        {
            return alias;
        }

        var grounds = version is null ? null : await ProductionGate.PassAsync(context, model.Name, version, change.Alias, change.Override, cancellationToken);
        await MoveAsync(context, model, change.Alias, version, grounds, change.Actor, change.Reason, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Changed?.Invoke();
        return version is null ? null : model.Aliases.Single(a => a.Name == change.Alias);
    }

    /// <summary>
    /// Moves an alias back to the version it meant before the present one came. Done again, it goes further back; what was rolled back
    /// from is not returned to. Production needs no card for it: the version has been production before.
    /// </summary>
    /// <exception cref="RegistryException">
    /// There is no such model, alias or earlier version; that version is retired; or the alias is not at the revision that the actor has
    /// seen.
    /// </exception>
    public async Task<ModelAlias> RollBackAsync(AliasRollback rollback, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rollback);
        RegistryName.RequireReason(rollback.Reason);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var model = await LockedModelAsync(context, rollback.Model, cancellationToken);
        var alias = AliasAt(model, rollback.Alias, rollback.ExpectedRevision, isNeeded: true)!;
        var earlierId = await AliasHistory.BeforeAsync(context, alias, cancellationToken)
            ?? throw new RegistryException(RegistryFault.Conflict, $"Alias '{alias.Name}' of model '{model.Name}' has no earlier version to go back to. Name the version that it is to mean.");
        var version = await context.Versions.SingleAsync(v => v.Id == earlierId, cancellationToken);
        RequireActive(model, version);
        await MoveAsync(
            context, model, alias.Name, version, alias.Name == ModelAlias.Production ? AliasGrounds.Rollback : null, rollback.Actor, rollback.Reason, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Changed?.Invoke();
        return alias;
    }

    /// <summary>Adds a validation card to a version; the last one counts.</summary>
    /// <param name="name">Name of the model.</param>
    /// <param name="number">Number of the version.</param>
    /// <param name="content">The card (JSON).</param>
    /// <param name="actor">Who adds it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RegistryException">There is no such version, or the card is not one of its file.</exception>
    public async Task<ValidationCard> AddCardAsync(string name, int number, string content, string actor, CancellationToken cancellationToken = default)
    {
        var version = await FindAsync(new ModelQuery(Model: name, Version: number), cancellationToken);
        var read = CardCheck.Read(content, version.Sha256);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var card = new ValidationCard { VersionId = version.Id, Content = read.Content, Passed = read.Passed, CreatedBy = actor, CreatedAt = time.GetUtcNow().UtcDateTime };
        context.Cards.Add(card);
        await context.SaveChangesAsync(cancellationToken);
        Changed?.Invoke();
        return card;
    }

    /// <summary>The last validation card of a version.</summary>
    /// <exception cref="RegistryException">There is no such version, or it has no card.</exception>
    public async Task<ValidationCard> GetCardAsync(string name, int number, CancellationToken cancellationToken = default)
    {
        var version = await FindAsync(new ModelQuery(Model: name, Version: number), cancellationToken);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Cards.AsNoTracking().Where(c => c.VersionId == version.Id).OrderByDescending(c => c.Id).FirstOrDefaultAsync(cancellationToken)
            ?? throw new RegistryException(RegistryFault.NotFound, $"Version {number} of model '{name}' has no validation card. Evaluate it ('eventservice evaluate') and add the card.");
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
            throw new RegistryException(RegistryFault.Invalid, $"The state is '{state}', expected '{ModelVersion.Active}' or '{ModelVersion.Retired}'.");
        }

        RegistryName.RequireReason(reason);

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
    private async Task MoveAsync(RegistryContext context, RegisteredModel model, string name, ModelVersion? version, string? grounds, string actor, string reason, CancellationToken cancellationToken)
    {
        // Servers' clocks differ by a little; the history of an alias never runs backwards.
        var last = await context.AliasEvents.Where(e => e.ModelId == model.Id && e.Alias == name).MaxAsync(e => (DateTime?)e.At, cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        var alias = model.Aliases.SingleOrDefault(a => a.Name == name);
        context.AliasEvents.Add(new AliasEvent
        {
            ModelId = model.Id,
            Alias = name,
            FromVersionId = alias?.VersionId,
            ToVersionId = version?.Id,
            Actor = actor,
            Reason = reason,
            Grounds = grounds,
            At = last > now ? last.Value : now,
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

    /// <summary>The version of the model that has this file; null where it is new.</summary>
    /// <exception cref="RegistryException">The model's name is taken by another process.</exception>
    private static Task<ModelVersion?> RegisteredAsync(RegistryContext context, RegisteredModel model, NewVersion added, CancellationToken cancellationToken) =>
        model.Process == added.Process
            ? context.Versions.AsNoTracking().Include(v => v.Model).SingleOrDefaultAsync(v => v.ModelId == model.Id && v.Sha256 == added.File.Sha256, cancellationToken)
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

    /// <summary>The alias, if it is at the revision that is expected.</summary>
    private static ModelAlias? AliasAt(RegisteredModel model, string name, int? expectedRevision, bool isNeeded)
    {
        var alias = model.Aliases.SingleOrDefault(a => a.Name == name);
        if (expectedRevision is { } expected && expected != (alias?.Revision ?? 0))
        {
            throw new RegistryException(RegistryFault.Conflict,
                $"Alias '{name}' of model '{model.Name}' is at revision {alias?.Revision ?? 0}, expected {expected}: somebody else has moved it. Look at it again, then decide.");
        }

        return alias is null && isNeeded
            ? throw new RegistryException(RegistryFault.NotFound, $"Model '{model.Name}' has no alias '{name}'. Aliases: {Quoted(model.Aliases.Select(a => a.Name))}.")
            : alias;
    }

    private static void RequireActive(RegisteredModel model, ModelVersion? version)
    {
        if (version is { State: not ModelVersion.Active })
        {
            throw new RegistryException(RegistryFault.Conflict, $"Version {version.Number} of model '{model.Name}' is {version.State}. Make it active again first, or take another version.");
        }
    }

    private static IQueryable<RegisteredModel> Everything(RegistryContext context) =>
        context.Models.AsNoTracking().AsSplitQuery()
            .Include(m => m.Versions.OrderBy(v => v.Number)).ThenInclude(v => v.Cards)
            .Include(m => m.Aliases.OrderBy(a => a.Name)).ThenInclude(a => a.Version);

    internal static async Task<RegistryException> UnknownModelAsync(RegistryContext context, string name, CancellationToken cancellationToken)
    {
        var known = await context.Models.Select(m => m.Name).Order().ToListAsync(cancellationToken);
        return new RegistryException(RegistryFault.NotFound, $"Model '{name}' not found. Registered: {Quoted(known)}.");
    }

    private static async Task<RegistryException> UnknownVersionAsync(RegistryContext context, RegisteredModel model, int number, CancellationToken cancellationToken) =>
        new(RegistryFault.NotFound, $"Model '{model.Name}' has no version {number}. Registered: {await NumbersAsync(context, model, cancellationToken)}.");

    private static async Task<string> NumbersAsync(RegistryContext context, RegisteredModel model, CancellationToken cancellationToken) =>
        string.Join(", ", await context.Versions.Where(v => v.ModelId == model.Id).Select(v => v.Number).Order().ToListAsync(cancellationToken));

    internal static string Quoted(IEnumerable<string> names)
    {
        var text = string.Join(", ", names.Select(n => $"'{n}'"));
        return text.Length > 0 ? text : "none";
    }
}

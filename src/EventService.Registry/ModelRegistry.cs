using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry;

/// <summary>Names, versions, digests and provenance: the one door for a model.</summary>
public sealed class ModelRegistry(IDbContextFactory<RegistryContext> contexts, TimeProvider time)
{
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
        if (query.Version is { } number)
        {
            return model.Versions.SingleOrDefault(v => v.Number == number)
                ?? throw new RegistryException(RegistryFault.NotFound,
                    $"Model '{model.Name}' has no version {number}. Registered: {string.Join(", ", model.Versions.Select(v => v.Number).Order())}.");
        }

        var alias = query.Alias ?? ModelAlias.Production;
        return model.Aliases.SingleOrDefault(a => a.Name == alias)?.Version
            ?? throw new RegistryException(RegistryFault.NotFound,
                $"Model '{model.Name}' has no alias '{alias}'. Aliases: {Quoted(model.Aliases.Select(a => a.Name))}; versions: {string.Join(", ", model.Versions.Select(v => v.Number).Order())}.");
    }

    /// <summary>The bytes of a version, checked against its digest.</summary>
    /// <exception cref="RegistryException">Bytes are missing or changed.</exception>
    public async Task<byte[]> ReadAsync(ModelVersion version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await ArtifactStore.ReadAsync(context, version.Sha256, version.SizeBytes, cancellationToken);
    }

    /// <summary>Whether a version with this digest is registered under any model.</summary>
    public async Task<bool> ContainsAsync(string sha256, CancellationToken cancellationToken = default)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        return await context.Versions.AnyAsync(v => v.Sha256 == sha256, cancellationToken);
    }

    /// <summary>
    /// Registers a file as the next version of its model, in one transaction. If <paramref name="promote"/> allows it,
    /// given who moved <c>production</c> last (null: nobody), the alias moves to the new version.
    /// A digest that the model has already is left as it is and null is returned.
    /// </summary>
    /// <exception cref="RegistryException">The model's name is taken by another process.</exception>
    public async Task<ModelVersion?> RegisterAsync(NewVersion added, Func<string?, bool> promote, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(added);
        ArgumentNullException.ThrowIfNull(promote);
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var now = time.GetUtcNow().UtcDateTime;
        var model = await context.Models.Include(m => m.Versions).Include(m => m.Aliases)
            .SingleOrDefaultAsync(m => m.Name == added.Name, cancellationToken);
        if (model is null)
        {
            model = new RegisteredModel { Name = added.Name, Process = added.Process, CreatedAt = now };
            context.Models.Add(model);
        }
        else if (model.Process != added.Process)
        {
            throw new RegistryException(RegistryFault.Conflict,
                $"Model '{model.Name}' is of process '{model.Process}', the file is of '{added.Process}'. Give the model another name.");
        }

        var sha256 = ArtifactStore.Digest(added.File.Span);
        if (model.Versions.Exists(v => v.Sha256 == sha256))
        {
            return null;
        }

        var version = new ModelVersion
        {
            Number = model.Versions.Count == 0 ? 1 : model.Versions.Max(v => v.Number) + 1,
            Sha256 = sha256,
            SizeBytes = added.File.Length,
            Document = added.Document,
            State = ModelVersion.Active,
            CreatedBy = added.Actor,
            CreatedAt = now,
        };
        model.Versions.Add(version);
        if (added.Card is { } card)
        {
            version.Cards.Add(new ValidationCard { Content = card.Content, Passed = card.Passed, CreatedBy = added.Actor, CreatedAt = now });
        }

        await context.SaveChangesAsync(cancellationToken);
        await ArtifactStore.WriteAsync(context, sha256, added.File, cancellationToken);
        var mover = await context.AliasEvents.Where(e => e.ModelId == model.Id && e.Alias == ModelAlias.Production)
            .OrderByDescending(e => e.Id).Select(e => e.Actor).FirstOrDefaultAsync(cancellationToken);
        if (promote(mover))
        {
            MoveAlias(context, model, ModelAlias.Production, version, added, now);
            await context.SaveChangesAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return version;
    }

    private static void MoveAlias(RegistryContext context, RegisteredModel model, string name, ModelVersion version, NewVersion added, DateTime now)
    {
        var alias = model.Aliases.SingleOrDefault(a => a.Name == name);
        context.AliasEvents.Add(new AliasEvent
        {
            ModelId = model.Id,
            Alias = name,
            FromVersionId = alias?.VersionId,
            ToVersionId = version.Id,
            Actor = added.Actor,
            Reason = added.Reason,
            At = now,
        });
        if (alias is null)
        {
            model.Aliases.Add(new ModelAlias { Name = name, VersionId = version.Id, Revision = 1 });
        }
        else
        {
            alias.VersionId = version.Id;
            alias.Revision++;
        }
    }

    private static async Task<RegisteredModel> FindModelAsync(RegistryContext context, ModelQuery query, CancellationToken cancellationToken)
    {
        var models = context.Models.AsNoTracking().AsSplitQuery().Include(m => m.Versions).Include(m => m.Aliases);
        if (query.Model is { } name)
        {
            var model = await models.SingleOrDefaultAsync(m => m.Name == name, cancellationToken)
                ?? throw await UnknownModelAsync(context, name, cancellationToken);
            return query.Process is null || query.Process == model.Process
                ? Linked(model)
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
            ? Linked(fitting[0])
            : throw new RegistryException(RegistryFault.Ambiguous,
                $"Process '{process}' is served by several models: {Quoted(fitting.Select(m => m.Name))}. Name one with 'model'.");
    }

    private static IQueryable<RegisteredModel> Everything(RegistryContext context) =>
        context.Models.AsNoTracking().AsSplitQuery()
            .Include(m => m.Versions.OrderBy(v => v.Number)).ThenInclude(v => v.Cards)
            .Include(m => m.Aliases.OrderBy(a => a.Name)).ThenInclude(a => a.Version);

    /// <summary>Without tracking, an alias knows only the number of its row; here it gets the version and the version its model.</summary>
    private static RegisteredModel Linked(RegisteredModel model)
    {
        foreach (var alias in model.Aliases)
        {
            alias.Version = model.Versions.Single(v => v.Id == alias.VersionId);
        }

        return model;
    }

    private static async Task<RegistryException> UnknownModelAsync(RegistryContext context, string name, CancellationToken cancellationToken)
    {
        var known = await context.Models.Select(m => m.Name).Order().ToListAsync(cancellationToken);
        return new RegistryException(RegistryFault.NotFound, $"Model '{name}' not found. Registered: {Quoted(known)}.");
    }

    private static string Quoted(IEnumerable<string> names)
    {
        var text = string.Join(", ", names.Select(n => $"'{n}'"));
        return text.Length > 0 ? text : "none";
    }
}

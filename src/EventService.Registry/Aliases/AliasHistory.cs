using EventService.Registry.Databases;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Aliases;

/// <summary>What the moves of an alias tell: what it meant at a time, and what before.</summary>
internal static class AliasHistory
{
    /// <summary>
    /// The version that an alias meant before its present one came; null where there is none. The moves are read as a stack: one to the
    /// version below the top takes the top away, whoever made it, so that a rollback after a rollback goes further back.
    /// </summary>
    public static async Task<long?> BeforeAsync(RegistryContext context, ModelAlias alias, CancellationToken cancellationToken)
    {
        var moves = await context.AliasEvents.AsNoTracking().Where(e => e.ModelId == alias.ModelId && e.Alias == alias.Name)
            .OrderBy(e => e.Id).Select(e => e.ToVersionId).ToListAsync(cancellationToken);
        var meant = new List<long>();
        foreach (var version in moves.OfType<long>())
        {
            if (meant.Count > 1 && meant[^2] == version)
            {
                meant.RemoveAt(meant.Count - 1);
            }
            else if (meant.Count == 0 || meant[^1] != version)
            {
                meant.Add(version);
            }
        }

        return meant.Count > 1 ? meant[^2] : null;
    }

    /// <summary>The move that brought an alias to this revision.</summary>
    public static Task<AliasEvent> MoveAsync(RegistryContext context, ModelAlias alias, CancellationToken cancellationToken) =>
        context.AliasEvents.AsNoTracking().Where(e => e.ModelId == alias.ModelId && e.Alias == alias.Name)
            .OrderBy(e => e.Id).Skip(alias.Revision - 1).FirstAsync(cancellationToken);

    /// <summary>
    /// The last move of an alias that was made by this time, and how many there were until then; null where there was none.
    /// </summary>
    public static async Task<(AliasEvent Move, int Revision)?> AtAsync(RegistryContext context, long modelId, string alias, DateTime at, CancellationToken cancellationToken)
    {
        var moves = context.AliasEvents.AsNoTracking().Where(e => e.ModelId == modelId && e.Alias == alias);
        var move = await moves.Where(e => e.At <= at).OrderByDescending(e => e.Id).FirstOrDefaultAsync(cancellationToken);
        return move is null ? null : (move, await moves.CountAsync(e => e.Id <= move.Id, cancellationToken));
    }
}

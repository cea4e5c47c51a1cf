using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace EventService.Registry.Databases;

/// <summary>An alias that means another version than before.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Alias">Name of the alias.</param>
/// <param name="Version">Number of the version that it means now; null where it was removed.</param>
public sealed record MovedAlias(string Model, string Alias, int? Version);

/// <summary>
/// Notices what anybody changes in the registry: compares its state with the one seen before, every <see cref="Interval"/>,
/// and at once where the database gives a hint (PostgreSQL). No hint is relied on, and after a broken connection the state is
/// read anew.
/// </summary>
public sealed class RegistryWatch(IDbContextFactory<RegistryContext> contexts, ILogger<RegistryWatch> logger)
{
    /// <summary>Longest time between two looks; half of the two seconds in which a move must be noticed.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Raised once at the start and then after every change, with the aliases that moved; with none at the start, and where
    /// something else has changed. Called between two looks, so it should return soon.
    /// </summary>
    public event Action<IReadOnlyList<MovedAlias>>? Changed;

    /// <summary>Whether the database did not answer when it was last asked.</summary>
    public bool IsAway { get; private set; }

    /// <summary>Watches until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        State? seen = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await using var context = await contexts.CreateDbContextAsync(cancellationToken);
                await context.ListenAsync(cancellationToken);
                while (true)
                {
                    var state = await ReadAsync(context, cancellationToken);
                    if (IsAway)
                    {
                        RegistryLog.RegistryBack(logger);
                        IsAway = false;
                    }

                    Report(seen, state);
                    seen = state;
                    await context.WaitForHintAsync(Interval, cancellationToken);
                }
            }
            catch (Exception e) when (cancellationToken.IsCancellationRequested && (e is OperationCanceledException || DatabaseFailure.Is(e)))
            {
                return;
            }
            catch (Exception e) when (DatabaseFailure.Is(e))
            {
                if (!IsAway)
                {
                    RegistryLog.RegistryAway(logger, e);
                    IsAway = true;
                }

                await Task.Delay(Interval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Report(State? seen, State state)
    {
        if (seen is not null && seen.Versions == state.Versions && seen.VersionEvents == state.VersionEvents && seen.Aliases.SetEquals(state.Aliases))
        {
            return;
        }

        var moved = new List<MovedAlias>();
        if (seen is not null)
        {
            moved.AddRange(state.Aliases.Except(seen.Aliases).Select(a => new MovedAlias(a.Model, a.Alias, a.Version)));
            moved.AddRange(seen.Aliases
                .Where(a => !state.Aliases.Any(b => b.Model == a.Model && b.Alias == a.Alias))
                .Select(a => new MovedAlias(a.Model, a.Alias, null)));
        }

        foreach (var move in moved)
        {
            RegistryLog.AliasMoved(logger, move.Alias, move.Model, move.Version);
        }

        Changed?.Invoke(moved);
    }

    // Counts, not the largest id: in PostgreSQL a row may become visible after one with a larger id.
    private static async Task<State> ReadAsync(RegistryContext context, CancellationToken cancellationToken)
    {
        var aliases = await context.Models
            .SelectMany(m => m.Aliases, (m, a) => new AliasState(m.Name, a.Name, a.Version.Number, a.Revision))
            .ToListAsync(cancellationToken);
        return new State([.. aliases], await context.Versions.CountAsync(cancellationToken), await context.VersionEvents.CountAsync(cancellationToken));
    }

    private sealed record State(HashSet<AliasState> Aliases, int Versions, int VersionEvents);

    private sealed record AliasState(string Model, string Alias, int Version, int Revision);
}

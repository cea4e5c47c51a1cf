using EventService.Registry.Databases;
using EventService.Registry.Migrations.Legacy;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Migrations;

/// <summary>Brings a database to this version's schema by EF's migrations, one server at a time (docs/operations.md).</summary>
public static class Migrator
{
    /// <summary>Returns the names of what this call applied: none where all is up to date, which takes a query and no lock.</summary>
    /// <exception cref="RegistryException">The database was migrated by a later version of the service.</exception>
    public static async Task<IReadOnlyList<string>> MigrateAsync(RegistryContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.PrepareAsync(cancellationToken);
        if ((await PendingAsync(context, cancellationToken)).Count == 0)
        {
            return [];
        }

        await using var alone = await context.LockForMigrationAsync(cancellationToken);
        var scripts = await ScriptedSchema.TakeOverAsync(context, cancellationToken);
        var pending = await PendingAsync(context, cancellationToken);
        if (pending.Count > 0)
        {
            await context.Database.MigrateAsync(cancellationToken);
        }

        return [.. scripts, .. pending];
    }

    private static async Task<List<string>> PendingAsync(RegistryContext context, CancellationToken cancellationToken)
    {
        var known = context.Database.GetMigrations().ToList();
        var applied = (await context.Database.GetAppliedMigrationsAsync(cancellationToken)).ToList();
        if (applied.Except(known).Max() is { } later)
        {
            throw new RegistryException(RegistryFault.Unusable,
                $"The registry's schema is {later}, this version of the service knows up to {known[^1]}. "
                + "Start the later version that migrated it, or restore a backup.");
        }

        return [.. known.Except(applied)];
    }
}

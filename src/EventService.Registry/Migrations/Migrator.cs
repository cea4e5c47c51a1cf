using System.Globalization;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Migrations;

/// <summary>
/// Brings a database to this version's schema: the scripts NNNN-name.sql that it has not seen, in order, each with its row in
/// <c>schema_migration</c> in one transaction under one lock. A server that dies in between leaves whole scripts, and no lock behind.
/// </summary>
/// <remarks>
/// Own code because EF's tools are not to be had here, and EF's own lock in SQLite is a row that outlives a killed process.
/// </remarks>
public static class Migrator
{
    private const string Table = "schema_migration";

    /// <summary>Returns the names of the scripts that were applied by this call.</summary>
    /// <param name="context">The database.</param>
    /// <param name="through">Number of the last script that is applied; the database of an earlier version of the service.</param>
    /// <param name="cancellationToken">Ends it between two scripts or within one, which is then undone.</param>
    /// <exception cref="RegistryException">The database was migrated by a later version of the service.</exception>
    public static async Task<IReadOnlyList<string>> MigrateAsync(RegistryContext context, int through = int.MaxValue, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.PrepareAsync(cancellationToken);
        var scripts = Scripts(context.MigrationFolder);
        var done = new List<string>();
        while (await ApplyNextAsync(context, scripts, through, cancellationToken) is { } name)
        {
            done.Add(name);
        }

        return done;
    }

    /// <summary>One step; several servers may take turns. Null where there is nothing left to do.</summary>
    private static async Task<string?> ApplyNextAsync(RegistryContext context, Script[] scripts, int through, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.LockForMigrationAsync(cancellationToken);
        await ExecuteAsync(context, $"CREATE TABLE IF NOT EXISTS {Table} (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)", cancellationToken);
        var applied = await context.Database.SqlQueryRaw<int>($"SELECT number AS \"Value\" FROM {Table}").ToListAsync(cancellationToken);
        if (applied.Count > 0 && applied.Max() > scripts[^1].Number)
        {
            throw new RegistryException(RegistryFault.Unusable,
                $"The registry's schema is number {applied.Max()}, this version of the service knows up to {scripts[^1].Number}. Start the later version that migrated it, or restore a backup.");
        }

        var next = Array.Find(scripts, s => s.Number <= through && !applied.Contains(s.Number));
        if (next is not null)
        {
            await ExecuteAsync(context, next.Sql, cancellationToken);
            await context.Database.ExecuteSqlRawAsync($"INSERT INTO {Table} (number, name) VALUES ({{0}}, {{1}})", [next.Number, next.Name], cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return next?.Name;
    }

    /// <summary>The scripts of a database, by number.</summary>
    private static Script[] Scripts(string folder)
    {
        var assembly = typeof(Migrator).Assembly;
        var prefix = $"Migrations/{folder}/";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return new Script(
                    int.Parse(name.AsSpan(prefix.Length, 4), NumberStyles.None, CultureInfo.InvariantCulture),
                    Path.GetFileNameWithoutExtension(name),
                    reader.ReadToEnd());
            })];
    }

    // A plain command: ExecuteSqlRaw would take braces in a script for parameters.
    private static async Task ExecuteAsync(RegistryContext context, string sql, CancellationToken cancellationToken)
    {
        await using var command = context.Database.GetDbConnection().CreateCommand();
        command.Transaction = Microsoft.EntityFrameworkCore.Storage.DbContextTransactionExtensions.GetDbTransaction(context.Database.CurrentTransaction!);
#pragma warning disable CA2100 // the text is one of our scripts, never a user's
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Script(int Number, string Name, string Sql);
}

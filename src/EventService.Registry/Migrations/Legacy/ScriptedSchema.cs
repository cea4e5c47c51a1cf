using System.Globalization;

using EventService.Registry.Databases;

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;

namespace EventService.Registry.Migrations.Legacy;

/// <summary>
/// Takes over a database that versions before EF's migrations made by numbered scripts: those that it lacks, then the row of the first
/// migration in EF's history, which would have made the same schema. This folder can go when no such database is left to be upgraded:
/// one that this version has opened needs it no more.
/// </summary>
internal static class ScriptedSchema
{
    private const int Last = 5;

    /// <summary>Returns the names of the scripts that were applied; none where the database is not theirs, or was taken over.</summary>
    /// <exception cref="RegistryException">The database has a script that no version had.</exception>
    public static async Task<IReadOnlyList<string>> TakeOverAsync(RegistryContext context, CancellationToken cancellationToken)
    {
        var done = new List<string>();
        while (await IsScriptedAsync(context, cancellationToken) && await StepAsync(context, cancellationToken) is { } name)
        {
            done.Add(name);
        }

        return done;
    }

    private static async Task<bool> IsScriptedAsync(RegistryContext context, CancellationToken cancellationToken)
    {
        var tables = context.Database.IsSqlite()
            ? "SELECT name AS \"Value\" FROM sqlite_master"
            : "SELECT tablename AS \"Value\" FROM pg_tables WHERE schemaname = current_schema()";
        return (await context.Database.SqlQueryRaw<string>(tables).ToListAsync(cancellationToken)).Contains("schema_migration")
            && !(await context.Database.GetAppliedMigrationsAsync(cancellationToken)).Any();
    }

    /// <summary>One script with its row, in a transaction; null for the last step, which enters the schema in EF's history.</summary>
    private static async Task<string?> StepAsync(RegistryContext context, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var applied = await context.Database
            .SqlQuery<int>($"SELECT max(number) AS \"Value\" FROM schema_migration").SingleAsync(cancellationToken);
        if (applied > Last)
        {
            throw new RegistryException(RegistryFault.Unusable,
                $"The registry's schema is number {applied} without a history of migrations, expected one, or a number up to {Last}. "
                + "Restore a backup.");
        }

        string? name = null;
        if (applied < Last)
        {
            (name, var sql) = await ScriptAsync(context, applied + 1);
            await ExecuteAsync(context, sql, cancellationToken);
            await context.Database.ExecuteSqlAsync(
                $"INSERT INTO schema_migration (number, name) VALUES ({applied + 1}, {name})", cancellationToken);
        }
        else
        {
            var history = context.GetService<IHistoryRepository>();
            await ExecuteAsync(context, history.GetCreateIfNotExistsScript(), cancellationToken);
            var row = new HistoryRow(context.Database.GetMigrations().First(), ProductInfo.GetVersion());
            await ExecuteAsync(context, history.GetInsertScript(row), cancellationToken);
            // The servers of those versions refuse a number that they do not know.
            await context.Database.ExecuteSqlAsync(
                $"INSERT INTO schema_migration (number, name) VALUES ({Last + 1}, 'ef-migrations')", cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return name;
    }

    private static async Task<(string Name, string Sql)> ScriptAsync(RegistryContext context, int number)
    {
        var assembly = typeof(ScriptedSchema).Assembly;
        var folder = context.Database.IsSqlite() ? "Sqlite" : "Postgres";
        var start = string.Create(CultureInfo.InvariantCulture, $"Migrations/Legacy/{folder}/{number:D4}-");
        var resource = assembly.GetManifestResourceNames().Single(name => name.StartsWith(start, StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return (Path.GetFileNameWithoutExtension(resource), await reader.ReadToEndAsync());
    }

    // A plain command: ExecuteSqlRaw would take braces in a script for parameters.
    private static async Task ExecuteAsync(RegistryContext context, string sql, CancellationToken cancellationToken)
    {
        await using var command = context.Database.GetDbConnection().CreateCommand();
        command.Transaction = context.Database.CurrentTransaction!.GetDbTransaction();
#pragma warning disable CA2100 // a script of ours or EF's, never a user's text
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

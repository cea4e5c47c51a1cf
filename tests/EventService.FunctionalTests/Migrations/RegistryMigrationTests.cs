using EventService.FunctionalTests.Databases;
using EventService.Registry;

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

using Npgsql;

namespace EventService.FunctionalTests.Migrations;

public sealed class RegistryMigrationTests
{
    private const string History = "SELECT \"MigrationId\" FROM \"__EFMigrationsHistory\" ORDER BY 1";

    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_AnEmptyDatabase_AppliesEveryMigrationOnce(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        var migrations = Migrations(test);
        Assert.Equal("20261201000000_Initial", migrations[0]);
        Assert.Equal(migrations, await test.MigrateAsync());
        Assert.Empty(await test.MigrateAsync());
        Assert.Equal(migrations, await test.QueryAsync(History));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_ByManyAtOnce_AppliesEveryMigrationOnce(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(test.MigrateAsync)));
        Assert.Equal(Migrations(test), applied.SelectMany(names => names).Order());
        Assert.Equal(Migrations(test), await test.QueryAsync(History));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_OfALaterSchema_IsRefused(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.ExecuteAsync("INSERT INTO \"__EFMigrationsHistory\" VALUES ('99990101000000_Later', '99.0.0')");
        var e = await Assert.ThrowsAsync<RegistryException>(test.MigrateAsync);
        Assert.Equal(
            $"The registry's schema is 99990101000000_Later, this version of the service knows up to {Migrations(test)[^1]}. "
            + "Start the later version that migrated it, or restore a backup.",
            e.Message);
    }

    /// <summary>Somebody else migrates: another server, or on PostgreSQL one from before EF's migrations.</summary>
    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_WhileTheLockIsHeld_Waits(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        Task<IReadOnlyList<string>> migration;
        await using (await HoldLockAsync(test))
        {
            migration = Task.Run(test.MigrateAsync);
            await Task.Delay(TimeSpan.FromSeconds(2));
            Assert.False(migration.IsCompleted);
            Assert.Empty(await test.QueryAsync(database == DatabaseKind.Sqlite
                ? "SELECT name FROM sqlite_master"
                : "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"));
        }

        Assert.Equal(Migrations(test), await migration);
    }

    /// <summary>EF's own lock in SQLite is a row that outlives a killed process.</summary>
    [Theory, OnSqlite]
    public async Task Migrate_WithALockRowOfADeadProcess_GoesOn(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await test.ExecuteAsync("""
            CREATE TABLE "__EFMigrationsLock" (
                "Id" INTEGER NOT NULL CONSTRAINT "PK___EFMigrationsLock" PRIMARY KEY,
                "Timestamp" TEXT NOT NULL);
            INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-01-02 03:04:05.678+00:00');
            """);
        Assert.Equal(Migrations(test), await test.MigrateAsync().WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.Empty(await test.QueryAsync("SELECT \"Id\" FROM \"__EFMigrationsLock\""));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task TheContextsModel_HasNoChangeWithoutAMigration(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var context = test.Contexts.CreateDbContext();
        Assert.False(context.Database.HasPendingModelChanges());
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task MigratedTables_AreThoseOfTheContext(DatabaseKind database)
    {
        await using var migrated = await TestRegistry.MigratedAsync(database);
        await using var created = await TestRegistry.EmptyAsync(database);
        await using (var context = created.Contexts.CreateDbContext())
        {
            await context.Database.EnsureCreatedAsync();
        }

        var expected = await SchemaDescription.TablesAsync(created);
        Assert.True(expected.Count > 100, "The query finds the columns, indices and keys of eleven tables.");
        var found = await SchemaDescription.TablesAsync(migrated);
        Assert.Equal(expected, found.Where(line => !line.Contains("schema_migration", StringComparison.Ordinal)));
    }

    /// <summary>SQLite's table rebuilds drop triggers: a migration that does not make them again fails here.</summary>
    [Theory, OnSqlite, OnPostgres]
    public async Task EveryMigration_KeepsTheGuardsOfEarlierOnes(DatabaseKind database)
    {
        await using var fresh = await TestRegistry.EmptyAsync(database);
        await using var upgraded = await ScriptedRegistry.MadeByThatVersionAsync(database);
        var expected = await SchemaDescription.GuardsAsync(upgraded);
        Assert.Equal(database == DatabaseKind.Sqlite ? 19 : 16, expected.Count);
        await upgraded.MigrateAsync();
        foreach (var migration in Migrations(fresh))
        {
            await using (var context = fresh.Contexts.CreateDbContext())
            {
                await context.GetService<IMigrator>().MigrateAsync(migration);
            }

            var guards = await SchemaDescription.GuardsAsync(fresh);
            Assert.Empty(expected.Except(guards));
            expected = guards;
        }

        Assert.Equal(expected, await SchemaDescription.GuardsAsync(upgraded));
    }

    private static List<string> Migrations(TestRegistry test)
    {
        using var context = test.Contexts.CreateDbContext();
        return [.. context.Database.GetMigrations()];
    }

    private static async Task<IAsyncDisposable> HoldLockAsync(TestRegistry test)
    {
        if (test.Kind == DatabaseKind.Sqlite)
        {
            return new FileStream(test.ConnectionString + "-migration", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }

        var connection = new NpgsqlConnection(test.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("BEGIN; SELECT pg_advisory_xact_lock(4961883640174001)", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}

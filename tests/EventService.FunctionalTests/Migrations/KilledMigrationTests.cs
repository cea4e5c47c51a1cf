using System.Data.Common;
using System.Diagnostics;

using EventService.FunctionalTests.Databases;
using EventService.Registry.Databases;
using EventService.Registry.Migrations;

using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

using Npgsql;

namespace EventService.FunctionalTests.Migrations;

/// <summary>Servers and connections that end within a migration, or within the upgrade of an earlier database.</summary>
public sealed class KilledMigrationTests
{
    private const string Initial = "20261201000000_Initial";

    [Theory, OnPostgres]
    public async Task Migrate_ConnectionEndedWithinAMigration_LeavesNothingOfIt(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await EndConnectionWithinAsync(test, InitialBlocker);
        Assert.Empty(await test.QueryAsync("SELECT \"MigrationId\" FROM \"__EFMigrationsHistory\""));
        Assert.Equal(["__EFMigrationsHistory"], await test.QueryAsync("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"));
        Assert.Equal(Initial, (await test.MigrateAsync())[0]);
        Assert.Empty(await test.Registry.ListAsync());
    }

    [Theory, OnPostgres]
    public async Task Upgrade_ConnectionEndedWithinAScript_LeavesNothingOfIt(DatabaseKind database)
    {
        await using var test = await ScriptedRegistry.ThroughAsync(database, 1);
        await EndConnectionWithinAsync(test, SecondScriptBlocker);
        Assert.Equal(["0001-models"], await test.QueryAsync("SELECT name FROM schema_migration"));
        Assert.Empty(await test.QueryAsync("SELECT tablename FROM pg_tables WHERE tablename = 'api_key'"));
        Assert.Equal(ScriptedRegistry.Names[1..], (await test.MigrateAsync()).Take(4));
        Assert.Single(await test.Registry.ListAsync());
    }

    [Theory, OnPostgres]
    public async Task Migrate_ServerKilledWithinAMigration_TheNextStartWorks(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await KillServerWithinAsync(test, InitialBlocker);
        Assert.Equal(Initial, (await test.MigrateAsync())[0]);
        Assert.Empty(await test.Registry.ListAsync());
    }

    [Theory, OnPostgres]
    public async Task Upgrade_ServerKilledWithinAScript_TheNextStartWorks(DatabaseKind database)
    {
        await using var test = await ScriptedRegistry.ThroughAsync(database, 1);
        await KillServerWithinAsync(test, SecondScriptBlocker);
        Assert.Equal(ScriptedRegistry.Names[1..], (await test.MigrateAsync()).Take(4));
        Assert.Single(await test.Registry.ListAsync());
    }

    /// <summary>It holds the lock beside the database, and waits for the database itself.</summary>
    [Theory, OnSqlite]
    public async Task Migrate_ServerKilledWithTheLock_TheNextStartWorks(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await test.ExecuteAsync("PRAGMA journal_mode = WAL");
        await using (var writer = new SqliteConnection($"Data Source={test.ConnectionString};Pooling=False"))
        {
            await writer.OpenAsync();
            await RunAsync(writer, "BEGIN IMMEDIATE");
            using var server = Start($"--EventService:DataFolder={test.Folder}", $"--EventService:ModelsFolder={test.Folder}/models");
            for (var tries = 0; !IsHeld(test.ConnectionString + "-migration"); tries++)
            {
                Assert.True(tries < 600, "The server does not come to the migration.");
                await Task.Delay(100);
            }

            server.Kill();
            await server.WaitForExitAsync();
            Assert.False(IsHeld(test.ConnectionString + "-migration"));
        }

        Assert.Equal(Initial, (await test.MigrateAsync())[0]);
        Assert.Empty(await test.Registry.ListAsync());
    }

    [Theory, OnSqlite]
    public async Task Migrate_FilesOfAServerKilledWithinAMigration_TheNextStartWorks(DatabaseKind database)
    {
        await using var killed = await TestRegistry.EmptyAsync(database);
        await using var next = await TestRegistry.EmptyAsync(database);
        var options = new DbContextOptionsBuilder<SqliteRegistryContext>()
            .UseSqlite($"Data Source={killed.ConnectionString};Pooling=False")
            .AddInterceptors(new CopyWithinMigration(killed.ConnectionString, next.ConnectionString))
            .Options;
        await using (var context = new SqliteRegistryContext(options))
        {
            // A cache of one page: what is not committed is in the file already.
            await context.Database.OpenConnectionAsync();
            await context.Database.ExecuteSqlRawAsync("PRAGMA cache_size = 1");
            await Assert.ThrowsAsync<TimeoutException>(() => Migrator.MigrateAsync(context));
        }

        Assert.True(new FileInfo(next.ConnectionString + "-wal").Length > 1_000_000);
        Assert.Equal(["1"], await next.QueryAsync("SELECT count(*) FROM \"__EFMigrationsLock\""));
        Assert.Empty(await next.QueryAsync("SELECT name FROM sqlite_master WHERE name = 'artifact_chunk'"));
        Assert.Equal(Initial, (await next.MigrateAsync().WaitAsync(TimeSpan.FromSeconds(60)))[0]);
        Assert.Equal(["0"], await next.QueryAsync("SELECT count(*) FROM artifact_chunk"));
        Assert.Empty(await next.Registry.ListAsync());
    }

    [Theory, OnSqlite]
    public async Task Upgrade_FilesOfAServerKilledWithinAScript_TheNextStartWorks(DatabaseKind database)
    {
        await using var killed = await ScriptedRegistry.ThroughAsync(database, 1);
        await using var next = await TestRegistry.EmptyAsync(database);
        await using (var connection = new SqliteConnection($"Data Source={killed.ConnectionString};Pooling=False"))
        {
            await connection.OpenAsync();
            await RunAsync(connection, "PRAGMA cache_size = 1; BEGIN IMMEDIATE");
            await RunAsync(connection, await ScriptedRegistry.SqlAsync(database, 2));
            await RunAsync(connection, "INSERT INTO artifact_chunk VALUES ('uncommitted', 0, zeroblob(1000000))");
            File.Copy(killed.ConnectionString, next.ConnectionString);
            File.Copy(killed.ConnectionString + "-wal", next.ConnectionString + "-wal");
            await RunAsync(connection, "ROLLBACK");
        }

        Assert.True(new FileInfo(next.ConnectionString + "-wal").Length > 1_000_000);
        Assert.Equal(ScriptedRegistry.Names[1..], (await next.MigrateAsync()).Take(4));
        Assert.Equal(["0"], await next.QueryAsync("SELECT count(*) FROM artifact_chunk WHERE sha256 = 'uncommitted'"));
        Assert.Single(await next.Registry.ListAsync());
    }

    /// <summary>Holds a name that the migration takes with one of its last statements: it stops there with all its tables made.</summary>
    private const string InitialBlocker =
        "BEGIN; CREATE FUNCTION notify_registry() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'";

    /// <summary>Holds a table that the second script comes to last: the script stops there with all of its tables made.</summary>
    private const string SecondScriptBlocker = "BEGIN; LOCK TABLE artifact_chunk IN ACCESS EXCLUSIVE MODE";

    private static async Task EndConnectionWithinAsync(TestRegistry test, string blocker)
    {
        await using var connection = await BlockAsync(test, blocker);
        var migration = test.MigrateAsync();
        var backend = await WaitingBackendAsync(test);
        await test.ExecuteAsync($"SELECT pg_terminate_backend({backend})");
        Assert.True(DatabaseFailure.Is(await Assert.ThrowsAnyAsync<Exception>(() => migration)));
    }

    private static async Task KillServerWithinAsync(TestRegistry test, string blocker)
    {
        await using var connection = await BlockAsync(test, blocker);
        using var server = Start(
            $"--EventService:DataFolder={test.Folder}/data", $"--EventService:ModelsFolder={test.Folder}/models",
            $"--EventService:RegistryConnectionString={test.ConnectionString}");
        await WaitingBackendAsync(test);
        server.Kill();
        await server.WaitForExitAsync();
    }

    private static Process Start(params string[] settings) => Process.Start(new ProcessStartInfo("dotnet",
    [
        Path.Combine(AppContext.BaseDirectory, "EventService.Server.dll"), "--EventService:Address=127.0.0.1", "--EventService:Port=0",
        .. settings,
    ])
    { RedirectStandardOutput = true })!;

    private static async Task<NpgsqlConnection> BlockAsync(TestRegistry test, string sql)
    {
        var connection = new NpgsqlConnection(test.ConnectionString);
        await connection.OpenAsync();
#pragma warning disable CA2100 // tests' own text
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task<string> WaitingBackendAsync(TestRegistry test)
    {
        for (var tries = 0; tries < 600; tries++)
        {
            var waiting = await test.QueryAsync("""
                SELECT pid FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event <> 'advisory'
                """);
            if (waiting.Count > 0)
            {
                return waiting[0];
            }

            await Task.Delay(100);
        }

        throw new TimeoutException("No migration has come to what is held.");
    }

    private static bool IsHeld(string path)
    {
        try
        {
            using var file = File.Exists(path) ? new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None) : null;
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static async Task RunAsync(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// Copies a database's files when the migration has made its tables and comes to its triggers, as a kill would leave them, and
    /// breaks off.
    /// </summary>
    private sealed class CopyWithinMigration(string from, string to) : DbCommandInterceptor
    {
        public override async ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            if (!command.CommandText.Contains("CREATE TRIGGER", StringComparison.Ordinal))
            {
                return result;
            }

            await using var insert = command.Connection!.CreateCommand();
            insert.Transaction = command.Transaction;
            insert.CommandText = "INSERT INTO artifact_chunk VALUES ('uncommitted', 0, zeroblob(1000000))";
            await insert.ExecuteNonQueryAsync(cancellationToken);
            File.Copy(from, to);
            File.Copy(from + "-wal", to + "-wal");
            throw new TimeoutException("Killed here.");
        }
    }
}

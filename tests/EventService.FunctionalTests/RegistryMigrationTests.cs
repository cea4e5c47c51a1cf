using System.Diagnostics;

using EventService.FunctionalTests.Databases;
using EventService.Registry;
using EventService.Registry.Migrations;

using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

using Npgsql;

namespace EventService.FunctionalTests;

public sealed class RegistryMigrationTests
{
    /// <summary>The scripts of both databases, by number from 1.</summary>
    private static readonly string[] s_scripts = ["0001-models", "0002-history-keys-jobs", "0003-grounds", "0004-golden-samples", "0005-job-output"];

    /// <summary>
    /// Data for the schema of each script but the last, in words that both databases understand, but for the two bytes 1 and 2
    /// ({0}) and the zone of a time, which SQLite's text has not.
    /// </summary>
    private static readonly string[] s_data =
    [
        """
        INSERT INTO model (name, process, created_at) VALUES ('m', 'ttbar', '2026-01-02 03:04:05.678Z');
        INSERT INTO model_version (model_id, number, sha256, size_bytes, document, state, created_by, created_at)
            VALUES (1, 1, 'a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222', 2, '{"key":"value"}', 'active', 'somebody', '2026-01-02 03:04:05.678Z');
        INSERT INTO alias (model_id, name, version_id, revision) VALUES (1, 'production', 1, 1);
        INSERT INTO alias_event (model_id, alias, from_version_id, to_version_id, actor, reason, at)
            VALUES (1, 'production', NULL, 1, 'somebody', 'first', '2026-01-02 03:04:05.678Z');
        INSERT INTO validation_card (version_id, content, passed, created_by, created_at) VALUES (1, '{"passed":true}', true, 'somebody', '2026-01-02 03:04:05.678Z');
        INSERT INTO artifact_chunk (sha256, ordinal, bytes) VALUES ('a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222', 0, {0});
        """,
        """
        INSERT INTO version_event (version_id, state, actor, reason, at) VALUES (1, 'active', 'somebody', 'needed', '2026-01-02 03:04:05.678Z');
        INSERT INTO api_key (name, hash, scopes, created_by, created_at) VALUES ('somebody', 'digest', 'read', 'admin', '2026-01-02 03:04:05.678Z');
        INSERT INTO job (kind, request, state, api_key_id, attempts, done, created_at, revision)
            VALUES ('generate', '{}', 'queued', 1, 0, 0, '2026-01-02 03:04:05.678Z', 1);
        """,
    ];

    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_AnEmptyDatabase_AppliesEveryScriptOnce(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        Assert.Equal(s_scripts, await test.MigrateAsync());
        Assert.Empty(await test.MigrateAsync());
        Assert.Equal(s_scripts, await test.QueryAsync("SELECT name FROM schema_migration ORDER BY number"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_ByManyAtOnce_AppliesEveryScriptOnce(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => test.MigrateAsync())));
        Assert.Equal(s_scripts, applied.SelectMany(names => names).Order());
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_OfALaterSchema_IsRefused(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.ExecuteAsync("INSERT INTO schema_migration VALUES (9999, 'later')");
        var e = await Assert.ThrowsAsync<RegistryException>(() => test.MigrateAsync());
        Assert.StartsWith("The registry's schema is number 9999, this version of the service knows up to 5.", e.Message, StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task MigratedSchema_IsThatOfTheContext(DatabaseKind database)
    {
        await using var migrated = await TestRegistry.MigratedAsync(database);
        await using var created = await TestRegistry.EmptyAsync(database);
        await using (var context = created.Contexts.CreateDbContext())
        {
            await context.Database.EnsureCreatedAsync();
        }

        var expected = await created.QueryAsync(Schema(database));
        Assert.True(expected.Count > 80, "The query finds the columns, indices and foreign keys of nine tables.");
        Assert.Equal(expected, (await migrated.QueryAsync(Schema(database))).Where(line => !line.Contains("schema_migration", StringComparison.Ordinal)));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Migrate_FromEveryEarlierVersion_KeepsTheData(DatabaseKind database)
    {
        for (var earlier = 1; earlier < s_scripts.Length; earlier++)
        {
            await using var test = await TestRegistry.EmptyAsync(database);
            Assert.Equal(s_scripts[..earlier], await test.MigrateAsync(through: earlier));
            await FillAsync(test, earlier);
            Assert.Equal(s_scripts[earlier..], await test.MigrateAsync());

            var model = Assert.Single(await test.Registry.ListAsync());
            var at = new DateTime(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);
            Assert.Equal(("m", "ttbar", at, DateTimeKind.Utc), (model.Name, model.Process, model.CreatedAt, model.CreatedAt.Kind));
            var version = Assert.Single(model.Versions);
            Assert.Equal((1, 2L, """{"key":"value"}""", "active", "somebody", at), (version.Number, version.SizeBytes, version.Document, version.State, version.CreatedBy, version.CreatedAt));
            Assert.Equal([1, 2], await test.Registry.ReadAsync(version));
            Assert.True(Assert.Single(version.Cards).Passed);
            Assert.Equal(("production", 1), (Assert.Single(model.Aliases).Name, model.Aliases[0].Revision));
            Assert.Equal("first", Assert.Single(await test.Registry.HistoryAsync("m")).Reason);

            // And it is worked with.
            await test.AddAsync("m", [3]);
            Assert.Equal(2, (await test.Registry.FindAsync(new ModelQuery(Model: "m"))).Number);
            await test.Registry.SetStateAsync("m", 1, "retired", "somebody", "old");
        }
    }

    [Theory, OnPostgres]
    public async Task Migrate_ConnectionEndedWithinAScript_LeavesNothingOfIt(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await test.MigrateAsync(through: 1);
        await FillAsync(test, 1);
        await using (var blocker = await BlockAsync(test))
        {
            var migration = test.MigrateAsync();
            var backend = await WaitingBackendAsync(test);
            await test.ExecuteAsync($"SELECT pg_terminate_backend({backend})");
            Assert.True(DatabaseFailure.Is(await Assert.ThrowsAnyAsync<Exception>(() => migration)));
        }

        Assert.Equal(["0001-models"], await test.QueryAsync("SELECT name FROM schema_migration"));
        Assert.Empty(await test.QueryAsync("SELECT tablename FROM pg_tables WHERE tablename = 'api_key'"));
        Assert.Equal(s_scripts[1..], await test.MigrateAsync());
        Assert.Single(await test.Registry.ListAsync());
    }

    [Theory, OnPostgres]
    public async Task Migrate_ServerKilledWithinAScript_TheNextStartWorks(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await test.MigrateAsync(through: 1);
        await FillAsync(test, 1);
        await using (var blocker = await BlockAsync(test))
        {
            using var server = Process.Start(new ProcessStartInfo("dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "EventService.Server.dll"), "--EventService:Address=127.0.0.1", "--EventService:Port=0",
                $"--EventService:DataFolder={test.Folder}/data", $"--EventService:ModelsFolder={test.Folder}/models",
                $"--EventService:RegistryConnectionString={test.ConnectionString}",
            ])
            { RedirectStandardOutput = true })!;
            await WaitingBackendAsync(test);
            server.Kill();
            await server.WaitForExitAsync();
        }

        Assert.Equal(s_scripts[1..], await test.MigrateAsync());
        Assert.Single(await test.Registry.ListAsync());
    }

    [Theory, OnSqlite]
    public async Task Migrate_FilesOfAServerKilledWithinAScript_TheNextStartWorks(DatabaseKind database)
    {
        await using var killed = await TestRegistry.EmptyAsync(database);
        await killed.MigrateAsync(through: 1);
        await FillAsync(killed, 1);
        await using var next = await TestRegistry.EmptyAsync(database);
        await using (var connection = new SqliteConnection($"Data Source={killed.ConnectionString};Pooling=False"))
        {
            // A cache of one page: what is not committed is in the file already.
            await connection.OpenAsync();
            await RunAsync(connection, "PRAGMA cache_size = 1; BEGIN IMMEDIATE");
            await RunAsync(connection, await ScriptAsync("Sqlite/0002-history-keys-jobs"));
            await RunAsync(connection, "INSERT INTO artifact_chunk VALUES ('uncommitted', 0, zeroblob(1000000))");
            File.Copy(killed.ConnectionString, next.ConnectionString);
            File.Copy(killed.ConnectionString + "-wal", next.ConnectionString + "-wal");
            await RunAsync(connection, "ROLLBACK");
        }

        Assert.True(new FileInfo(next.ConnectionString + "-wal").Length > 1_000_000);
        Assert.Equal(s_scripts[1..], await next.MigrateAsync());
        Assert.Equal(["0"], await next.QueryAsync("SELECT count(*) FROM artifact_chunk WHERE sha256 = 'uncommitted'"));
        Assert.Single(await next.Registry.ListAsync());
    }

    private static async Task FillAsync(TestRegistry test, int through)
    {
        foreach (var data in s_data.Take(through))
        {
            await test.ExecuteAsync(test.Kind == DatabaseKind.Sqlite
                ? data.Replace("{0}", "x'0102'", StringComparison.Ordinal).Replace("678Z", "678", StringComparison.Ordinal)
                : data.Replace("{0}", "'\\x0102'", StringComparison.Ordinal));
        }
    }

    /// <summary>Holds a table that the second script comes to last: the script stops there with all of its tables made.</summary>
    private static async Task<NpgsqlConnection> BlockAsync(TestRegistry test)
    {
        var connection = new NpgsqlConnection(test.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("BEGIN; LOCK TABLE artifact_chunk IN ACCESS EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task<string> WaitingBackendAsync(TestRegistry test)
    {
        for (var tries = 0; tries < 600; tries++)
        {
            var waiting = await test.QueryAsync("SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'artifact_chunk'::regclass");
            if (waiting.Count > 0)
            {
                return waiting[0];
            }

            await Task.Delay(100);
        }

        throw new TimeoutException("No migration has come to the table that is held.");
    }

    private static async Task<string> ScriptAsync(string name)
    {
        using var reader = new StreamReader(typeof(Migrator).Assembly.GetManifestResourceStream($"Migrations/{name}.sql")!);
        return await reader.ReadToEndAsync();
    }

    private static async Task RunAsync(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Columns with type and nullability, indices and foreign keys as the database itself describes them.</summary>
    private static string Schema(DatabaseKind database) => database == DatabaseKind.Sqlite
        ? """
            SELECT m.name || ': ' || c.name || ' ' || c.type || ' notnull ' || c."notnull" || ' pk ' || c.pk AS line
            FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'
            UNION ALL
            SELECT m.name || ': index ' || i.name || ' unique ' || i."unique" || ' on ' || group_concat(c.name)
            FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c
            WHERE m.type = 'table' AND i.origin = 'c' GROUP BY m.name, i.name
            UNION ALL
            SELECT m.name || ': ' || f."from" || ' to ' || f."table" || '.' || f."to" || ' on delete ' || f.on_delete
            FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
            ORDER BY line
            """
        : """
            SELECT c.relname || ': ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' notnull ' || a.attnotnull::text
                || ' identity ' || a.attidentity::text || ' collation ' || coalesce(l.collname, 'none') COLLATE "C" AS line
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_collation l ON l.oid = a.attcollation
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL
            SELECT indexdef COLLATE "C" FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL
            SELECT (conrelid::regclass::text || ': ' || conname || ' ' || pg_get_constraintdef(oid)) COLLATE "C"
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'c'
            ORDER BY 1
            """;
}

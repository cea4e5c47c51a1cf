using EventService.FunctionalTests.Databases;
using EventService.Registry.Migrations;

namespace EventService.FunctionalTests.Migrations;

/// <summary>Databases as versions before EF's migrations left them.</summary>
internal static class ScriptedRegistry
{
    /// <summary>The last of their scripts.</summary>
    public const int Last = 5;

    /// <summary>Names of the scripts, by number from 1.</summary>
    public static readonly string[] Names =
        ["0001-models", "0002-history-keys-jobs", "0003-grounds", "0004-golden-samples", "0005-job-output"];

    /// <summary>
    /// Data for the schema of each script but the last, in words that both databases understand, but for the two bytes 1 and 2
    /// ({0}) and the zone of a time, which SQLite's text has not.
    /// </summary>
    private static readonly string[] s_data =
    [
        """
        INSERT INTO model (name, process, created_at) VALUES ('m', 'ttbar', '2026-01-02 03:04:05.678Z');
        INSERT INTO model_version (model_id, number, sha256, size_bytes, document, state, created_by, created_at)
            VALUES (1, 1, 'a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222', 2, '{"key":"value"}', 'active', 'somebody',
                '2026-01-02 03:04:05.678Z');
        INSERT INTO alias (model_id, name, version_id, revision) VALUES (1, 'production', 1, 1);
        INSERT INTO alias_event (model_id, alias, from_version_id, to_version_id, actor, reason, at)
            VALUES (1, 'production', NULL, 1, 'somebody', 'first', '2026-01-02 03:04:05.678Z');
        INSERT INTO validation_card (version_id, content, passed, created_by, created_at)
            VALUES (1, '{"passed":true}', true, 'somebody', '2026-01-02 03:04:05.678Z');
        INSERT INTO artifact_chunk (sha256, ordinal, bytes)
            VALUES ('a12871fee210fb8619291eaea194581cbd2531e4b23759d225f6806923f63222', 0, {0});
        """,
        """
        INSERT INTO version_event (version_id, state, actor, reason, at)
            VALUES (1, 'active', 'somebody', 'needed', '2026-01-02 03:04:05.678Z');
        INSERT INTO api_key (name, hash, scopes, created_by, created_at)
            VALUES ('somebody', 'digest', 'read', 'admin', '2026-01-02 03:04:05.678Z');
        INSERT INTO job (kind, request, state, api_key_id, attempts, done, created_at, revision)
            VALUES ('generate', '{}', 'queued', 1, 0, 0, '2026-01-02 03:04:05.678Z', 1);
        """,
    ];

    /// <summary>A database with the scripts up to a number, and a little data.</summary>
    public static async Task<TestRegistry> ThroughAsync(DatabaseKind database, int number)
    {
        var test = await TestRegistry.EmptyAsync(database);
        if (database == DatabaseKind.Sqlite)
        {
            await test.ExecuteAsync("PRAGMA journal_mode = WAL");
        }

        await test.ExecuteAsync("CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)");
        for (var i = 1; i <= number; i++)
        {
            await test.ExecuteAsync($"{await SqlAsync(database, i)}; INSERT INTO schema_migration VALUES ({i}, '{Names[i - 1]}')");
        }

        foreach (var data in s_data.Take(number))
        {
            await test.ExecuteAsync(database == DatabaseKind.Sqlite
                ? data.Replace("{0}", "x'0102'", StringComparison.Ordinal).Replace("678Z", "678", StringComparison.Ordinal)
                : data.Replace("{0}", "'\\x0102'", StringComparison.Ordinal));
        }

        return test;
    }

    /// <summary>The database with all scripts that a version before EF's migrations made and filled (tests/TestData/README.md).</summary>
    public static async Task<TestRegistry> MadeByThatVersionAsync(DatabaseKind database)
    {
        var test = await TestRegistry.EmptyAsync(database);
        await test.ExecuteAsync(await File.ReadAllTextAsync(TestFile.Path("Registry", $"scripts-0005.{Lower(database)}.sql")));
        return test;
    }

    public static async Task<string> SqlAsync(DatabaseKind database, int number)
    {
        if (number == 1)
        {
            return await File.ReadAllTextAsync(TestFile.Path("Registry", $"scripts-0001.{Lower(database)}.sql"));
        }

        var resource = $"Migrations/Legacy/{database}/{Names[number - 1]}.sql";
        using var reader = new StreamReader(typeof(Migrator).Assembly.GetManifestResourceStream(resource)!);
        return await reader.ReadToEndAsync();
    }

#pragma warning disable CA1308 // part of a file's name
    private static string Lower(DatabaseKind database) => database.ToString().ToLowerInvariant();
#pragma warning restore CA1308
}

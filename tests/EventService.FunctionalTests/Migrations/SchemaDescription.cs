using System.Text.RegularExpressions;

using EventService.FunctionalTests.Databases;

namespace EventService.FunctionalTests.Migrations;

/// <summary>The schema as the database itself describes it, a line a thing, without EF's own tables.</summary>
internal static partial class SchemaDescription
{
    /// <summary>Tables, columns, keys, indices and all that <see cref="GuardsAsync"/> finds.</summary>
    public static async Task<List<string>> OfAsync(TestRegistry test)
    {
        var found = await TablesAsync(test);
        found.AddRange(await GuardsAsync(test));
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>What EF makes from the context's model: columns, keys, indices, named constraints.</summary>
    public static async Task<List<string>> TablesAsync(TestRegistry test)
    {
        if (test.Kind == DatabaseKind.Postgres)
        {
            return await test.QueryAsync(PostgresTables);
        }

        var found = await test.QueryAsync(SqliteTables);
        // SQLite keeps the names of constraints, AUTOINCREMENT and checks in the statement alone.
        foreach (var sql in await test.QueryAsync(SqliteStatements))
        {
            var table = TableName().Match(sql).Groups[1].Value;
            found.AddRange(ConstraintName().Matches(sql).Select(m => $"{table}: constraint {m.Groups[1].Value} {m.Groups[2].Value}"));
            found.AddRange(Word().Matches(sql).Select(m => $"{table}: {m.Value}"));
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    /// <summary>Triggers with what they do, functions, checks and storage: what a later migration could lose unnoticed.</summary>
    public static Task<List<string>> GuardsAsync(TestRegistry test) =>
        test.QueryAsync(test.Kind == DatabaseKind.Sqlite
            ? "SELECT sql FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY sql"
            : PostgresGuards);

    private const string SqliteStatements = """
        SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\_\_EF%' ESCAPE '\'
        """;

    private const string SqliteTables = """
        SELECT m.name || ': ' || c.name || ' ' || c.type || ' notnull ' || c."notnull" || ' pk ' || c.pk
            || ' default ' || coalesce(c.dflt_value, 'none') AS line
        FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\_\_EF%' ESCAPE '\'
        UNION ALL
        SELECT m.name || ': index ' || i.name || ' unique ' || i."unique" || ' origin ' || i.origin || ' partial ' || i.partial
            || ' on ' || (SELECT group_concat(coalesce(c.name, 'rowid') || ' ' || c.coll || ' ' || c.desc || ' ' || c.key)
                FROM pragma_index_xinfo(i.name) c)
        FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND m.name NOT LIKE '\_\_EF%' ESCAPE '\'
        UNION ALL
        SELECT m.name || ': ' || f."from" || ' to ' || f."table" || '.' || f."to"
            || ' on delete ' || f.on_delete || ' on update ' || f.on_update
        FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
        """;

    private const string PostgresTables = """
        SELECT c.relname || ': ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' notnull ' || a.attnotnull::text
            || ' identity ' || a.attidentity::text || ' collation ' || coalesce(l.collname, 'none')
            || ' default ' || coalesce(pg_get_expr(d.adbin, d.adrelid), 'none') COLLATE "C" AS line
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_collation l ON l.oid = a.attcollation
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND c.relname !~ '^__EF'
        UNION ALL
        SELECT indexdef COLLATE "C" FROM pg_indexes WHERE schemaname = 'public' AND tablename !~ '^__EF'
        UNION ALL
        SELECT (conrelid::regclass::text || ': ' || conname || ' ' || pg_get_constraintdef(oid)) COLLATE "C"
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ '__EF'
        UNION ALL
        SELECT (sequencename || ' ' || data_type || ' from ' || start_value || ' by ' || increment_by || ' up to ' || max_value) COLLATE "C"
        FROM pg_sequences WHERE schemaname = 'public'
        ORDER BY 1
        """;

    private const string PostgresGuards = """
        SELECT (pg_get_triggerdef(t.oid) || ' enabled ' || t.tgenabled::text) COLLATE "C" AS line FROM pg_trigger t WHERE NOT t.tgisinternal
        UNION ALL
        SELECT pg_get_functiondef(oid) COLLATE "C" FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT (conrelid::regclass::text || ': ' || conname || ' ' || pg_get_constraintdef(oid)) COLLATE "C"
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype = 'c'
        UNION ALL
        SELECT (attrelid::regclass::text || ': ' || attname || ' stored ' || attstorage::text) COLLATE "C"
        FROM pg_attribute WHERE attrelid = 'artifact_chunk'::regclass AND attname = 'bytes'
        ORDER BY 1
        """;

    [GeneratedRegex("""CREATE TABLE "?(\w+)""")]
    private static partial Regex TableName();

    [GeneratedRegex("""CONSTRAINT "?(\w+)"? (PRIMARY KEY|FOREIGN KEY|CHECK|UNIQUE)""")]
    private static partial Regex ConstraintName();

    [GeneratedRegex("AUTOINCREMENT|CHECK|COLLATE|WITHOUT ROWID|STRICT(?! )|GENERATED")]
    private static partial Regex Word();
}

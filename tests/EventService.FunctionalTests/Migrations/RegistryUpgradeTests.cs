using System.Text.Json;

using EventService.FunctionalTests.Databases;
using EventService.Registry;
using EventService.Registry.Serving;
using EventService.Registry.Versions;

using Microsoft.EntityFrameworkCore;

namespace EventService.FunctionalTests.Migrations;

/// <summary>Databases of versions before EF's migrations, brought to the schema of today in place.</summary>
public sealed class RegistryUpgradeTests
{
    private const string Initial = "20261201000000_Initial";

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    [Theory, OnSqlite, OnPostgres]
    public async Task UpgradedSchema_IsThatOfAFreshDatabase(DatabaseKind database)
    {
        await using var upgraded = await ScriptedRegistry.MadeByThatVersionAsync(database);
        await using var fresh = await TestRegistry.EmptyAsync(database);
        var before = await SchemaDescription.OfAsync(upgraded);
        await upgraded.MigrateAsync();
        await fresh.MigrateAsync();
        var expected = await SchemaDescription.OfAsync(fresh);
        Assert.True(expected.Count > 130, "Eleven tables with their columns, indices, keys and guards.");
        Assert.Equal(expected, await SchemaDescription.OfAsync(upgraded));
        Assert.Contains("schema_migration", string.Concat(before), StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Upgrade_OfADatabaseWithAllScripts_EntersTheFirstMigrationAndReadsTheSame(DatabaseKind database)
    {
        await using var test = await ScriptedRegistry.MadeByThatVersionAsync(database);
        var applied = await test.MigrateAsync();
        Assert.DoesNotContain(Initial, applied);
        Assert.Equal(Initial, (await test.QueryAsync("SELECT \"MigrationId\" FROM \"__EFMigrationsHistory\" ORDER BY 1"))[0]);
        Assert.Empty(await test.MigrateAsync());
        Assert.Equal(await File.ReadAllTextAsync(TestFile.Path("Registry", "scripts-0005.json")), await ContentsAsync(test));

        // And it is worked with: new rows get numbers of their own, the past stays.
        await test.AddAsync("top-flow", [1, 2, 3]);
        Assert.Equal(4, (await test.Registry.FindAsync(new ModelQuery(Model: "top-flow"))).Number);
        Assert.Equal([1, 2, 3], await test.Registry.ReadAsync(await test.Registry.FindAsync(new ModelQuery(Model: "top-flow"))));
        var first = await test.Registry.FindAsync(new ModelQuery(Model: "top-flow", Version: 1));
        Assert.Equal("first bytes"u8.ToArray(), await test.Registry.ReadAsync(first));
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => test.ExecuteAsync("UPDATE alias_event SET reason = 'another'"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Upgrade_FromEveryEarlierScript_KeepsTheData(DatabaseKind database)
    {
        for (var earlier = 1; earlier < ScriptedRegistry.Last; earlier++)
        {
            await using var test = await ScriptedRegistry.ThroughAsync(database, earlier);
            Assert.Equal(ScriptedRegistry.Names[earlier..], (await test.MigrateAsync()).Take(ScriptedRegistry.Last - earlier));

            var model = Assert.Single(await test.Registry.ListAsync());
            var at = new DateTime(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc);
            Assert.Equal(("m", "ttbar", at, DateTimeKind.Utc), (model.Name, model.Process, model.CreatedAt, model.CreatedAt.Kind));
            var version = Assert.Single(model.Versions);
            Assert.Equal(
                (1, 2L, """{"key":"value"}""", "active", "somebody", at),
                (version.Number, version.SizeBytes, version.Document, version.State, version.CreatedBy, version.CreatedAt));
            Assert.Equal([1, 2], await test.Registry.ReadAsync(version));
            Assert.True(Assert.Single(version.Cards).Passed);
            Assert.Equal(("production", 1), (Assert.Single(model.Aliases).Name, model.Aliases[0].Revision));
            Assert.Equal("first", Assert.Single(await test.Registry.HistoryAsync("m")).Reason);

            await test.AddAsync("m", [3]);
            Assert.Equal(2, (await test.Registry.FindAsync(new ModelQuery(Model: "m"))).Number);
            await test.Registry.SetStateAsync("m", 1, "retired", "somebody", "old");

            await using var fresh = await TestRegistry.MigratedAsync(database);
            Assert.Equal(await SchemaDescription.OfAsync(fresh), await SchemaDescription.OfAsync(test));
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Upgrade_ByManyAtOnce_AppliesEveryScriptOnce(DatabaseKind database)
    {
        await using var test = await ScriptedRegistry.ThroughAsync(database, 1);
        var migrations = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(test.MigrateAsync)));
        var applied = migrations.SelectMany(names => names).ToList();
        Assert.Equal(ScriptedRegistry.Names[1..], applied.Order().Take(4));
        Assert.Equal(applied.Distinct(), applied);
        Assert.Single(await test.QueryAsync($"SELECT 1 FROM \"__EFMigrationsHistory\" WHERE \"MigrationId\" = '{Initial}'"));
        Assert.Equal(["1", "2", "3", "4", "5", "6"], await test.QueryAsync("SELECT number FROM schema_migration ORDER BY number"));
    }

    /// <summary>They refuse a database whose largest number is above the last of theirs, by this query.</summary>
    [Theory, OnSqlite, OnPostgres]
    public async Task ServersFromBefore_FindANumberThatTheyDoNotKnow(DatabaseKind database)
    {
        await using var upgraded = await ScriptedRegistry.MadeByThatVersionAsync(database);
        await using var fresh = await TestRegistry.EmptyAsync(database);
        foreach (var test in new[] { upgraded, fresh })
        {
            await test.MigrateAsync();
            await using var context = test.Contexts.CreateDbContext();
            var numbers = await context.Database.SqlQueryRaw<int>("SELECT number AS \"Value\" FROM schema_migration").ToListAsync();
            Assert.True(numbers.Max() > ScriptedRegistry.Last);
        }
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Upgrade_WithoutTheHistoryThatTheNumbersSpeakOf_IsRefused(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.ExecuteAsync("DROP TABLE \"__EFMigrationsHistory\"");
        var e = await Assert.ThrowsAsync<RegistryException>(test.MigrateAsync);
        Assert.Equal(
            "The registry's schema is number 6 without a history of migrations, expected one, or a number up to 5. Restore a backup.",
            e.Message);
    }

    /// <summary>All rows, in the form of the file beside the database.</summary>
    private static async Task<string> ContentsAsync(TestRegistry test)
    {
        await using var context = test.Contexts.CreateDbContext();
        return JsonSerializer.Serialize<object>(new
        {
            Models = await context.Models.AsNoTracking().OrderBy(r => r.Id)
                .Select(r => new { r.Id, r.Name, r.Process, r.CreatedAt }).ToListAsync(),
            Versions = await context.Versions.AsNoTracking().OrderBy(r => r.Id)
                .Select(r => new { r.Id, r.ModelId, r.Number, r.Sha256, r.SizeBytes, r.Document, r.State, r.CreatedBy, r.CreatedAt })
                .ToListAsync(),
            Aliases = await context.Aliases.AsNoTracking().OrderBy(r => r.ModelId).ThenBy(r => r.Name)
                .Select(r => new { r.ModelId, r.Name, r.VersionId, r.Revision }).ToListAsync(),
            AliasEvents = await context.AliasEvents.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
            Cards = await context.Cards.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
            VersionEvents = await context.VersionEvents.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
            Chunks = await context.Chunks.AsNoTracking().OrderBy(r => r.Sha256).ThenBy(r => r.Ordinal).ToListAsync(),
            ApiKeys = await context.ApiKeys.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
            Jobs = await context.Jobs.AsNoTracking().Include(r => r.Parts.OrderBy(p => p.Number)).OrderBy(r => r.Id).ToListAsync(),
            GoldenSamples = await context.GoldenSamples.AsNoTracking().OrderBy(r => r.Sha256).ToListAsync(),
        }, s_indented) + "\n";
    }
}

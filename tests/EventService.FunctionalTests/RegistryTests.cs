using System.Data.Common;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Registry;
using EventService.Registry.Aliases;
using EventService.Registry.Cards;
using EventService.Registry.Databases;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

using Npgsql;

namespace EventService.FunctionalTests;

public sealed class RegistryTests
{
    [Theory, OnSqlite, OnPostgres]
    public async Task ShippedModels_OnFirstStart_AreRegisteredAndInProduction(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        TestModels.Ship(Models(test));
        await StartAsync(test);

        var models = await test.Registry.ListAsync();
        Assert.Equal(["failing", "gan", "gluino-analytic", "slow", "ttbar-analytic"], models.Select(m => m.Name));
        var version = await test.Registry.FindAsync(new ModelQuery(Process: "ttbar"));
        Assert.Equal(1, version.Number);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Models(test), "ttbar.safetensors")), await test.Registry.ReadAsync(version));
        await using var context = test.Contexts.CreateDbContext();
        var move = await context.AliasEvents.SingleAsync(e => e.ToVersionId == version.Id);
        Assert.Equal("Shipped with the service as ttbar.safetensors, with a validation card that passes.", move.Reason);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task ShippedModels_OnSecondStart_ChangeNothing(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        TestModels.Ship(Models(test));
        await StartAsync(test);
        await StartAsync(test);
        Assert.All(await test.Registry.ListAsync(), m => Assert.Single(m.Versions));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task ShippedModels_NewDigest_MovesProductionThatOnlyStartsHaveMoved(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        Ship(test, "a.safetensors", "first");
        await StartAsync(test);
        Ship(test, "b.safetensors", "second");
        await StartAsync(test);

        Assert.Equal(2, (await test.Registry.FindAsync(new ModelQuery(Process: "ttbar"))).Number);
        Assert.Equal(1, (await test.Registry.FindAsync(new ModelQuery(Process: "ttbar", Version: 1))).Number);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task ShippedModels_NewDigest_LeavesProductionThatSomebodyHasMoved(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        Ship(test, "a.safetensors", "first");
        await StartAsync(test);
        await test.AddAsync("ttbar-analytic", TestModels.Bytes("ttbar-analytic", "ttbar", description: "mine"));
        Ship(test, "b.safetensors", "second");
        await StartAsync(test);

        var production = await test.Registry.FindAsync(new ModelQuery(Process: "ttbar"));
        Assert.Equal(2, production.Number);
        Assert.Equal(3, (await test.Registry.GetAsync("ttbar-analytic")).Versions.Count);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Register_FileOfManyRows_ComesBackByteByByte(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var file = new byte[(2 * ArtifactChunk.MaximumBytes) + 7];
        file[^1] = 1;
        file[ArtifactChunk.MaximumBytes] = 2;
        var version = await test.AddAsync("big", file);

        Assert.Equal(file, await test.Registry.ReadAsync(version!));
        await using var context = test.Contexts.CreateDbContext();
        Assert.Equal([0, 1, 2], await context.Chunks.Select(c => c.Ordinal).Order().ToListAsync());
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Register_SameDigestTwice_KeepsOneVersion(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        Assert.NotNull(await test.AddAsync("m", [1]));
        Assert.Null(await test.AddAsync("m", [1]));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Register_NameOfAnotherProcess_IsRefused(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1]);
        var e = await Assert.ThrowsAsync<RegistryException>(() => test.AddAsync("m", [2], process: "zjets"));
        Assert.Equal("Model 'm' is of process 'ttbar', the file is of 'zjets'. Give the model another name.", e.Message);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Find_ProcessOfTwoModelsInProduction_AsksForTheModel(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("a", [1]);
        await test.AddAsync("b", [2]);
        await test.AddAsync("c", [3], promote: false);
        var e = await Assert.ThrowsAsync<RegistryException>(() => test.Registry.FindAsync(new ModelQuery(Process: "ttbar")));
        Assert.Equal("Process 'ttbar' is served by several models: 'a', 'b'. Name one with 'model'.", e.Message);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Read_ChangedBytes_IsRefused(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var version = await test.AddAsync("m", [1, 2]);
        // Not by way of the database, which refuses it; a disk may do it.
        await test.ExecuteAsync(database == DatabaseKind.Sqlite
            ? "DROP TRIGGER artifact_chunk_unchanged; UPDATE artifact_chunk SET bytes = x'0103'"
            : "ALTER TABLE artifact_chunk DISABLE TRIGGER USER; UPDATE artifact_chunk SET bytes = '\\x0103'");
        var e = await Assert.ThrowsAsync<RegistryException>(() => test.Registry.ReadAsync(version!));
        Assert.Contains("is damaged in the registry: 2 of 2 bytes found, with another sha256", e.Message, StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task GeneratorCache_ManyAtOnce_LoadOnce_AndAFailureIsTriedAgain(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        Ship(test, "a.safetensors", "first");
        await StartAsync(test);
        var version = await test.Registry.FindAsync(new ModelQuery(Process: "ttbar"));
        var loads = 0;
        var cache = new GeneratorCache(
            test.Registry,
            file => Interlocked.Increment(ref loads) == 1 ? throw new ModelFormatException("not today") : TestModels.Load(file),
            new GoldenSamples(test.Contexts, TimeProvider.System, NullLogger<GoldenSamples>.Instance),
            NullLogger<GeneratorCache>.Instance);

        await Assert.ThrowsAsync<ModelFormatException>(() => cache.GetAsync(version));
        var generators = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => cache.GetAsync(version)));

        Assert.All(generators, g => Assert.Same(generators[0], g));
        Assert.Equal(2, loads);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task List_NamesWithCapitals_IsInOrdinalOrder(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("b", [1]);
        await test.AddAsync("a", [2]);
        await test.AddAsync("B", [3]);
        Assert.Equal(["B", "a", "b"], (await test.Registry.ListAsync()).Select(m => m.Name));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task MoveAlias_OfARevisionThatIsPast_IsAConflict(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1]);
        await test.AddAsync("m", [2], promote: false);
        await test.AddAsync("m", [3], promote: false);

        // Both promoters have seen revision 1.
        var first = await test.Registry.MoveAliasAsync(new AliasChange("m", "production", 2, "first", "better", ExpectedRevision: 1, Override: true));
        var e = await Assert.ThrowsAsync<RegistryException>(() =>
            test.Registry.MoveAliasAsync(new AliasChange("m", "production", 3, "second", "better still", ExpectedRevision: 1)));

        Assert.Equal(2, first!.Revision);
        Assert.Equal(RegistryFault.Conflict, e.Fault);
        Assert.Equal("Alias 'production' of model 'm' is at revision 2, expected 1: somebody else has moved it. Look at it again, then decide.", e.Message);
        Assert.Equal(["somebody", "first"], (await test.Registry.HistoryAsync("m")).Select(h => h.Actor));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task MoveAlias_RemovedAndMadeAgain_GoesOnCounting(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1], promote: false);
        Assert.Equal(1, (await test.Registry.MoveAliasAsync(new AliasChange("m", "candidate", 1, "a", "try it", ExpectedRevision: 0)))!.Revision);
        Assert.Null(await test.Registry.MoveAliasAsync(new AliasChange("m", "candidate", null, "b", "tried")));
        Assert.Equal(3, (await test.Registry.MoveAliasAsync(new AliasChange("m", "candidate", 1, "c", "again")))!.Revision);

        var version = (await test.Registry.FindAsync(new ModelQuery(Model: "m", Version: 1))).Id;
        Assert.Equal(
            [(null, version, "a", "try it"), (version, null, "b", "tried"), (null, version, "c", "again")],
            (await test.Registry.HistoryAsync("m")).Select(h => (h.FromVersionId, h.ToVersionId, h.Actor, h.Reason)));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Retire_KeepsTheVersionAndKeepsAliasesAway(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1]);
        await test.AddAsync("m", [2]);

        var inUse = await Assert.ThrowsAsync<RegistryException>(() => test.Registry.SetStateAsync("m", 2, ModelVersion.Retired, "a", "old"));
        Assert.Equal("Version 2 of model 'm' is what 'production' means. Move or remove the alias first.", inUse.Message);
        await test.Registry.SetStateAsync("m", 1, ModelVersion.Retired, "a", "old");
        var retired = await Assert.ThrowsAsync<RegistryException>(() => test.Registry.MoveAliasAsync(new AliasChange("m", "production", 1, "b", "back", Override: true)));
        Assert.Equal("Version 1 of model 'm' is retired. Make it active again first, or take another version.", retired.Message);
        Assert.Equal([1], await test.Registry.ReadAsync(await test.Registry.FindAsync(new ModelQuery(Model: "m", Version: 1))));
        await test.Registry.SetStateAsync("m", 1, ModelVersion.Active, "b", "needed");
        Assert.Equal(3, (await test.Registry.MoveAliasAsync(new AliasChange("m", "production", 1, "b", "back", Override: true)))!.Revision);

        Assert.Equal(["retired a old", "active b needed"], await test.QueryAsync("SELECT state || ' ' || actor || ' ' || reason FROM version_event ORDER BY id"));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task WhatMustNotChange_IsGuardedByTheDatabase(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1], card: new NewCard("{}", true));
        await test.AddAsync("m", [2]);
        await test.Registry.SetStateAsync("m", 1, ModelVersion.Retired, "a", "old");
        List<string> statements =
        [
            "UPDATE alias_event SET actor = 'nobody'",
            "DELETE FROM alias_event",
            "UPDATE version_event SET reason = 'none'",
            "DELETE FROM version_event",
            "UPDATE validation_card SET passed = (1 = 0)",
            "DELETE FROM validation_card",
            "UPDATE model_version SET document = '[]'",
            "UPDATE model_version SET number = number + 10",
            "UPDATE model_version SET state = 'gone'",
            "DELETE FROM model_version",
            "UPDATE artifact_chunk SET ordinal = ordinal + 1",
            "DELETE FROM artifact_chunk",
        ];
        statements.AddRange(database == DatabaseKind.Sqlite
            ? [
                "INSERT OR REPLACE INTO alias_event SELECT id, model_id, alias, from_version_id, to_version_id, 'nobody', reason, at FROM alias_event",
                "INSERT OR REPLACE INTO model_version SELECT id, model_id, number, sha256, size_bytes, '[]', state, created_by, created_at FROM model_version",
                "INSERT OR REPLACE INTO model_version SELECT id + 10, model_id, number, sha256, size_bytes, '[]', state, created_by, created_at FROM model_version",
            ]
            : ["TRUNCATE alias_event", "TRUNCATE validation_card", "TRUNCATE artifact_chunk", "TRUNCATE model_version CASCADE"]);
        foreach (var statement in statements)
        {
            var e = await Record.ExceptionAsync(() => test.ExecuteAsync(statement));
            Assert.True(e is DbException, $"{statement}: {e}");
        }

        Assert.Equal([1, 2], (await test.Registry.GetAsync("m")).Versions.Select(v => v.Number));
        Assert.Equal(2, (await test.Registry.HistoryAsync("m")).Count);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task VersionLookup_WhileTheDatabaseIsAway_KnowsWhatWasAskedBefore(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        await test.AddAsync("m", [1]);
        var contexts = new SwitchedContexts(test.Contexts);
        var registry = new ModelRegistry(contexts, test.Files, TimeProvider.System);
        var lookup = new VersionLookup(registry);
        Assert.Equal(1, (await lookup.FindAsync(new ModelQuery(Process: "ttbar"))).Number);

        contexts.IsOn = false;
        Assert.Equal(1, (await lookup.FindAsync(new ModelQuery(Process: "ttbar"))).Number);
        Assert.True(DatabaseFailure.Is(await Assert.ThrowsAnyAsync<Exception>(() => lookup.FindAsync(new ModelQuery(Process: "ttbar", Version: 1)))));

        contexts.IsOn = true;
        await test.AddAsync("m", [2], registry: registry);
        Assert.Equal(2, (await lookup.FindAsync(new ModelQuery(Process: "ttbar"))).Number);
    }

    private static string Models(TestRegistry test) => Path.Combine(test.Folder, "models");

    private static Task StartAsync(TestRegistry test) =>
        new ShippedModels(test.Registry, test.Files, NullLogger<ShippedModels>.Instance).RegisterAsync(Models(test));

    private static void Ship(TestRegistry test, string file, string description)
    {
        Directory.CreateDirectory(Models(test));
        File.WriteAllBytes(Path.Combine(Models(test), file), TestModels.Bytes("ttbar-analytic", "ttbar", description: description));
    }
}

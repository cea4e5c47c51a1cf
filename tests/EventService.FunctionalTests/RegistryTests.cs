using EventService.FunctionalTests.Models;
using EventService.Generation;
using EventService.Registry;
using EventService.Registry.Migrations;
using EventService.Registry.Tables;

using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;

namespace EventService.FunctionalTests;

public sealed class RegistryTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-registry-").FullName;
    private readonly SqliteRegistryContextFactory _contexts;
    private readonly ModelRegistry _registry;

    public RegistryTests()
    {
        _contexts = new SqliteRegistryContextFactory(Path.Combine(_folder, "registry.sqlite"));
        _registry = new ModelRegistry(_contexts, TimeProvider.System);
    }

    private string Models => Path.Combine(_folder, "models");

    public async Task InitializeAsync()
    {
        await using var context = _contexts.CreateDbContext();
        Assert.Equal(["0001-models"], await Migrator.MigrateAsync(context));
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Migrate_Again_DoesNothing()
    {
        await using var context = _contexts.CreateDbContext();
        Assert.Empty(await Migrator.MigrateAsync(context));
    }

    [Fact]
    public async Task Migrate_ByManyAtOnce_HappensOnce()
    {
        var contexts = new SqliteRegistryContextFactory(Path.Combine(_folder, "race.sqlite"));
        var applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            await using var context = contexts.CreateDbContext();
            return await Migrator.MigrateAsync(context);
        })));
        Assert.Single(applied, a => a.Count > 0);
    }

    [Fact]
    public async Task Migrate_OfALaterSchema_IsRefused()
    {
        await using var context = _contexts.CreateDbContext();
        await context.Database.ExecuteSqlRawAsync("INSERT INTO schema_migration VALUES (9999, 'later')");
        var e = await Assert.ThrowsAsync<RegistryException>(() => Migrator.MigrateAsync(context));
        Assert.StartsWith("The registry's schema is number 9999, this version of the service knows up to", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MigratedSchema_IsThatOfTheContext()
    {
        await using var migrated = _contexts.CreateDbContext();
        await using var created = new SqliteRegistryContextFactory(Path.Combine(_folder, "created.sqlite")).CreateDbContext();
        await created.Database.EnsureCreatedAsync();

        Assert.Equal(Schema(created), Schema(migrated).Where(s => !s.Contains("schema_migration", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ShippedModels_OnFirstStart_AreRegisteredAndInProduction()
    {
        TestModels.Ship(Models);
        await StartAsync();

        var models = await _registry.ListAsync();
        Assert.Equal(["failing", "gan", "gluino-analytic", "slow", "ttbar-analytic"], models.Select(m => m.Name));
        var version = await _registry.FindAsync(new ModelQuery(Process: "ttbar"));
        Assert.Equal(1, version.Number);
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(Models, "ttbar.safetensors")), await _registry.ReadAsync(version));
        await using var context = _contexts.CreateDbContext();
        var move = await context.AliasEvents.SingleAsync(e => e.ToVersionId == version.Id);
        Assert.Equal("Shipped with the service as ttbar.safetensors, with a validation card that passes.", move.Reason);
    }

    [Fact]
    public async Task ShippedModels_OnSecondStart_ChangeNothing()
    {
        TestModels.Ship(Models);
        await StartAsync();
        await StartAsync();
        Assert.All(await _registry.ListAsync(), m => Assert.Single(m.Versions));
    }

    [Fact]
    public async Task ShippedModels_NewDigest_MovesProductionThatOnlyStartsHaveMoved()
    {
        Ship("a.safetensors", "first");
        await StartAsync();
        Ship("b.safetensors", "second");
        await StartAsync();

        Assert.Equal(2, (await _registry.FindAsync(new ModelQuery(Process: "ttbar"))).Number);
        Assert.Equal(1, (await _registry.FindAsync(new ModelQuery(Process: "ttbar", Version: 1))).Number);
    }

    [Fact]
    public async Task ShippedModels_NewDigest_LeavesProductionThatSomebodyHasMoved()
    {
        Ship("a.safetensors", "first");
        await StartAsync();
        await _registry.RegisterAsync(
            new NewVersion("ttbar-analytic", "ttbar", "{}", TestModels.Bytes("ttbar-analytic", "ttbar", description: "mine"), null, "somebody", "better"), _ => true);
        Ship("b.safetensors", "second");
        await StartAsync();

        var production = await _registry.FindAsync(new ModelQuery(Process: "ttbar"));
        Assert.Equal(2, production.Number);
        Assert.Equal(3, (await _registry.GetAsync("ttbar-analytic")).Versions.Count);
    }

    [Fact]
    public async Task Register_FileOfManyRows_ComesBackByteByByte()
    {
        var file = new byte[(2 * ArtifactChunk.MaximumBytes) + 7];
        file[^1] = 1;
        file[ArtifactChunk.MaximumBytes] = 2;
        var version = await _registry.RegisterAsync(new NewVersion("big", "ttbar", "{}", file, null, "somebody", "test"), _ => true);

        Assert.Equal(file, await _registry.ReadAsync(version!));
        await using var context = _contexts.CreateDbContext();
        Assert.Equal([0, 1, 2], await context.Chunks.Select(c => c.Ordinal).Order().ToListAsync());
    }

    [Fact]
    public async Task Register_SameDigestTwice_KeepsOneVersion()
    {
        var added = new NewVersion("m", "ttbar", "{}", new byte[] { 1 }, null, "somebody", "test");
        Assert.NotNull(await _registry.RegisterAsync(added, _ => true));
        Assert.Null(await _registry.RegisterAsync(added, _ => true));
    }

    [Fact]
    public async Task Register_NameOfAnotherProcess_IsRefused()
    {
        await _registry.RegisterAsync(new NewVersion("m", "ttbar", "{}", new byte[] { 1 }, null, "somebody", "test"), _ => true);
        var e = await Assert.ThrowsAsync<RegistryException>(() =>
            _registry.RegisterAsync(new NewVersion("m", "zjets", "{}", new byte[] { 2 }, null, "somebody", "test"), _ => true));
        Assert.Equal("Model 'm' is of process 'ttbar', the file is of 'zjets'. Give the model another name.", e.Message);
    }

    [Fact]
    public async Task Find_ProcessOfTwoModelsInProduction_AsksForTheModel()
    {
        await _registry.RegisterAsync(new NewVersion("a", "ttbar", "{}", new byte[] { 1 }, null, "somebody", "test"), _ => true);
        await _registry.RegisterAsync(new NewVersion("b", "ttbar", "{}", new byte[] { 2 }, null, "somebody", "test"), _ => true);
        await _registry.RegisterAsync(new NewVersion("c", "ttbar", "{}", new byte[] { 3 }, null, "somebody", "test"), _ => false);
        var e = await Assert.ThrowsAsync<RegistryException>(() => _registry.FindAsync(new ModelQuery(Process: "ttbar")));
        Assert.Equal("Process 'ttbar' is served by several models: 'a', 'b'. Name one with 'model'.", e.Message);
    }

    [Fact]
    public async Task Read_ChangedBytes_IsRefused()
    {
        var version = await _registry.RegisterAsync(new NewVersion("m", "ttbar", "{}", new byte[] { 1, 2 }, null, "somebody", "test"), _ => true);
        await using var context = _contexts.CreateDbContext();
        await context.Database.ExecuteSqlRawAsync("UPDATE artifact_chunk SET bytes = x'0103'");
        var e = await Assert.ThrowsAsync<RegistryException>(() => _registry.ReadAsync(version!));
        Assert.Contains("is damaged in the registry: 2 of 2 bytes found, with another sha256", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GeneratorCache_ManyAtOnce_LoadOnce_AndAFailureIsTriedAgain()
    {
        Ship("a.safetensors", "first");
        await StartAsync();
        var version = await _registry.FindAsync(new ModelQuery(Process: "ttbar"));
        var loads = 0;
        var cache = new GeneratorCache(
            _registry,
            file => Interlocked.Increment(ref loads) == 1 ? throw new ModelFormatException("not today") : TestModels.Load(file),
            NullLogger<GeneratorCache>.Instance);

        await Assert.ThrowsAsync<ModelFormatException>(() => cache.GetAsync(version));
        var generators = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => cache.GetAsync(version)));

        Assert.All(generators, g => Assert.Same(generators[0], g));
        Assert.Equal(2, loads);
    }

    private Task StartAsync() => new ShippedModels(_registry, NullLogger<ShippedModels>.Instance).RegisterAsync(Models);

    private void Ship(string file, string description)
    {
        Directory.CreateDirectory(Models);
        File.WriteAllBytes(Path.Combine(Models, file), TestModels.Bytes("ttbar-analytic", "ttbar", description: description));
    }

    /// <summary>Columns, indices and foreign keys as the database itself describes them.</summary>
    private static List<string> Schema(RegistryContext context)
    {
        const string sql = """
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
            """;
        var connection = (SqliteConnection)context.Database.GetDbConnection();
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var lines = new List<string>();
        while (reader.Read())
        {
            lines.Add(reader.GetString(0));
        }

        return lines;
    }
}

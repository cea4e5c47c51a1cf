using EventService.Registry.Artifacts;
using EventService.Registry.Cards;
using EventService.Registry.Databases;
using EventService.Registry.Migrations;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

using Npgsql;

namespace EventService.FunctionalTests.Databases;

/// <summary>A registry in a database of its own, with a folder for files.</summary>
internal sealed class TestRegistry : IAsyncDisposable
{
    private TestRegistry(DatabaseKind kind, string folder, string connectionString)
    {
        Kind = kind;
        Folder = folder;
        ConnectionString = connectionString;
        Contexts = NewContexts();
        Files = new ArtifactFolder(Path.Combine(folder, "cache"), TimeProvider.System);
        Registry = new ModelRegistry(Contexts, Files, TimeProvider.System);
    }

    public DatabaseKind Kind { get; }

    public string Folder { get; }

    /// <summary>PostgreSQL's, or the path of SQLite's file.</summary>
    public string ConnectionString { get; }

    public IDbContextFactory<RegistryContext> Contexts { get; }

    public ArtifactFolder Files { get; }

    public ModelRegistry Registry { get; }

    /// <summary>An empty database.</summary>
    public static async Task<TestRegistry> EmptyAsync(DatabaseKind kind)
    {
        var folder = Directory.CreateTempSubdirectory("eventservice-registry-").FullName;
        return new TestRegistry(kind, folder, kind == DatabaseKind.Sqlite ? Path.Combine(folder, "registry.sqlite") : await PostgresServer.CreateDatabaseAsync());
    }

    /// <summary>A database with the schema of today.</summary>
    public static async Task<TestRegistry> MigratedAsync(DatabaseKind kind)
    {
        var registry = await EmptyAsync(kind);
        await registry.MigrateAsync();
        return registry;
    }

    /// <summary>What another server on the same database would have.</summary>
    public ModelRegistry NewServer(string name) =>
        new(NewContexts(), new ArtifactFolder(Path.Combine(Folder, name), TimeProvider.System), TimeProvider.System);

    public async Task<IReadOnlyList<string>> MigrateAsync()
    {
        await using var context = Contexts.CreateDbContext();
        return await Migrator.MigrateAsync(context);
    }

    /// <summary>Runs plain SQL, as somebody with the database's own tools would.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var context = Contexts.CreateDbContext();
        await context.Database.OpenConnectionAsync();
        await using var command = context.Database.GetDbConnection().CreateCommand();
#pragma warning disable CA2100 // tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of what a query finds, as text.</summary>
    public async Task<List<string>> QueryAsync(string sql)
    {
        await using var context = Contexts.CreateDbContext();
        await context.Database.OpenConnectionAsync();
        await using var command = context.Database.GetDbConnection().CreateCommand();
#pragma warning disable CA2100 // tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync();
        var found = new List<string>();
        while (await reader.ReadAsync())
        {
            found.Add(Convert.ToString(reader.GetValue(0))!);
        }

        return found;
    }

    /// <summary>Registers bytes as the next version of a model; null where it had them already.</summary>
    public async Task<ModelVersion?> AddAsync(
        string model, byte[] file, string process = "ttbar", bool promote = true, string actor = "somebody", NewCard? card = null, ModelRegistry? registry = null)
    {
        using var spooled = await Files.SpoolAsync(file);
        var (version, isNew) = await (registry ?? Registry).RegisterAsync(new NewVersion(model, process, "{}", spooled, card, actor, "test"), _ => promote);
        return isNew ? version : null;
    }

    public ValueTask DisposeAsync()
    {
        if (Kind == DatabaseKind.Postgres)
        {
            using var connection = new NpgsqlConnection(ConnectionString);
            NpgsqlConnection.ClearPool(connection);
        }
        else
        {
            using var connection = new SqliteConnection($"Data Source={ConnectionString}");
            SqliteConnection.ClearPool(connection);
        }

        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private IDbContextFactory<RegistryContext> NewContexts() => Kind == DatabaseKind.Sqlite
        ? new SqliteRegistryContextFactory(ConnectionString)
        : new PostgresRegistryContextFactory(ConnectionString);
}

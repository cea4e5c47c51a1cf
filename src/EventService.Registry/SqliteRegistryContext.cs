using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace EventService.Registry;

/// <summary>The registry in one SQLite file.</summary>
public sealed class SqliteRegistryContext(DbContextOptions<SqliteRegistryContext> options) : RegistryContext(options)
{
    internal override string MigrationFolder => "Sqlite";

    /// <summary>Options for the database in this file, which need not exist yet; its folder must.</summary>
    public static DbContextOptions<SqliteRegistryContext> OptionsFor(string path) =>
        new DbContextOptionsBuilder<SqliteRegistryContext>()
            .UseSqlite(new SqliteConnectionStringBuilder { DataSource = path }.ToString())
            .Options;

    // Write-ahead log: readers do not wait for a writer.
    internal override Task PrepareAsync(CancellationToken cancellationToken) =>
        Database.ExecuteSqlRawAsync("PRAGMA journal_mode = WAL", cancellationToken);

    // A transaction here starts with BEGIN IMMEDIATE: it holds the only write lock already, and the file system frees it.
    internal override Task LockForMigrationAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // The same holds for the transactions that take these.
    internal override Task LockModelAsync(string name, CancellationToken cancellationToken) => Task.CompletedTask;

    internal override Task LockArtifactsAsync(bool alone, CancellationToken cancellationToken) => Task.CompletedTask;

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        // SQLite stores the time as text without a zone; all of ours are UTC.
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();
    }

    private sealed class UtcConverter() : Microsoft.EntityFrameworkCore.Storage.ValueConversion.ValueConverter<DateTime, DateTime>(
        time => time, time => DateTime.SpecifyKind(time, DateTimeKind.Utc));
}

/// <summary>Opens contexts on one SQLite file.</summary>
public sealed class SqliteRegistryContextFactory(string path) : IDbContextFactory<RegistryContext>
{
    private readonly DbContextOptions<SqliteRegistryContext> _options = SqliteRegistryContext.OptionsFor(path);

    public RegistryContext CreateDbContext() => new SqliteRegistryContext(_options);
}

using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Databases;

/// <summary>The registry in one SQLite file.</summary>
public sealed class SqliteRegistryContext(DbContextOptions<SqliteRegistryContext> options) : RegistryContext(options)
{
    /// <summary>Options for the database in this file, which need not exist yet; its folder must.</summary>
    public static DbContextOptions<SqliteRegistryContext> OptionsFor(string path) =>
        new DbContextOptionsBuilder<SqliteRegistryContext>()
            .UseSqlite(new SqliteConnectionStringBuilder { DataSource = path }.ToString())
            .Options;

    // Write-ahead log: readers do not wait for a writer.
    internal override Task PrepareAsync(CancellationToken cancellationToken) =>
        Database.ExecuteSqlRawAsync("PRAGMA journal_mode = WAL", cancellationToken);

    // A file beside the database, which the kernel frees with the process. EF's own lock is a row that outlives it; whoever holds the file
    // knows that nobody holds the row. The file stays: a second one of its name could be locked beside it.
    internal override async Task<IAsyncDisposable> LockForMigrationAsync(CancellationToken cancellationToken)
    {
        var database = Database.GetDbConnection().DataSource;
        var path = (File.ResolveLinkTarget(database, returnFinalTarget: true)?.FullName ?? database) + "-migration";
        var file = await OpenAloneAsync(path, cancellationToken);
        try
        {
            await Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellationToken);
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static async Task<FileStream> OpenAloneAsync(string path, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeldByAnother(e))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
            }
        }
    }

    // EWOULDBLOCK of Linux and of macOS, ERROR_SHARING_VIOLATION of Windows.
    private static bool IsHeldByAnother(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    // A transaction here starts with BEGIN IMMEDIATE: it holds the only write lock already, and the file system frees it.
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

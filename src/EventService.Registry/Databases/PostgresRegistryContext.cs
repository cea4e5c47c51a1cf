using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

using Npgsql;

namespace EventService.Registry.Databases;

/// <summary>The registry in a PostgreSQL database, shared by any number of servers.</summary>
public sealed class PostgresRegistryContext(DbContextOptions<PostgresRegistryContext> options) : RegistryContext(options)
{
    // Any numbers will do that nothing else in the database takes.
    private const long MigrationLock = 4_961_883_640_174_001;
    private const long ArtifactLock = 4_961_883_640_174_002;

    private bool _hinted;

    internal override Task PrepareAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // On a connection of its own, which takes the lock as versions before EF's migrations do.
    internal override async Task<IAsyncDisposable> LockForMigrationAsync(CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(Database.GetConnectionString());
        try
        {
            await connection.OpenAsync(cancellationToken);
            await connection.BeginTransactionAsync(cancellationToken);
            await using var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection) { CommandTimeout = 0 };
            command.Parameters.Add(new NpgsqlParameter { Value = MigrationLock });
            await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    // Locks of the transaction, not of the session: the database frees them with the connection, and they pass through connection poolers.
    internal override Task LockArtifactsAsync(bool alone, CancellationToken cancellationToken) => alone
        ? Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({ArtifactLock})", cancellationToken)
        : Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock_shared({ArtifactLock})", cancellationToken);

    internal override Task LockModelAsync(string name, CancellationToken cancellationToken) =>
        Database.ExecuteSqlAsync($"SELECT 1 FROM model WHERE name = {name} FOR NO KEY UPDATE", cancellationToken);

    internal override async Task ListenAsync(CancellationToken cancellationToken)
    {
        await Database.OpenConnectionAsync(cancellationToken);
        Connection.Notification += (_, _) => _hinted = true;
        await Database.ExecuteSqlAsync($"LISTEN eventservice_registry", cancellationToken);
    }

    internal override async Task WaitForHintAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        // A hint may have come along with the answer of a query.
        if (!_hinted)
        {
            await Connection.WaitAsync(atMost, cancellationToken);
        }

        _hinted = false;
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        // In SQLite triggers do it: it cannot add a check to a table that is there.
        modelBuilder.Entity<ModelVersion>()
            .ToTable(version => version.HasCheckConstraint("ck_model_version_state", "state IN ('active', 'retired')"));
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        // By code point, as in SQLite, whatever the locale of the database.
        configurationBuilder.Properties<string>().UseCollation("C");
    }

    private NpgsqlConnection Connection => (NpgsqlConnection)Database.GetDbConnection();
}

/// <summary>Opens contexts on one PostgreSQL database.</summary>
/// <param name="connectionString">As Npgsql reads it, such as
/// "Host=db;Database=eventservice;Username=eventservice;Passfile=/run/secrets/pgpass".</param>
public sealed class PostgresRegistryContextFactory(string connectionString) : IDbContextFactory<RegistryContext>
{
    private readonly DbContextOptions<PostgresRegistryContext> _options =
        new DbContextOptionsBuilder<PostgresRegistryContext>().UseNpgsql(connectionString).Options;

    /// <summary>The connection string with the password that a file holds; a line end behind it does not belong to it.</summary>
    /// <exception cref="InvalidOperationException">The file is missing or empty, or the string has a password already.</exception>
    public static string WithPassword(string connectionString, string passwordFile)
    {
        var connection = new NpgsqlConnectionStringBuilder(connectionString);
        if (!string.IsNullOrEmpty(connection.Password))
        {
            throw new InvalidOperationException($"The registry's connection string has a password, and so has the file '{passwordFile}': expected one of them.");
        }

        var password = File.Exists(passwordFile) ? File.ReadAllText(passwordFile).TrimEnd('\r', '\n') : "";
        if (password.Length == 0)
        {
            throw new InvalidOperationException($"The file '{passwordFile}' of the registry's password {(File.Exists(passwordFile) ? "is empty" : "does not exist")}.");
        }

        connection.Password = password;
        return connection.ConnectionString;
    }

    public RegistryContext CreateDbContext() => new PostgresRegistryContext(_options);
}

using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;

namespace EventService.Registry.Databases;

/// <summary>The registry's tables. One schema; a derived context per database says what only that database does its own way.</summary>
public abstract class RegistryContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<RegisteredModel> Models => Set<RegisteredModel>();

    public DbSet<ModelVersion> Versions => Set<ModelVersion>();

    public DbSet<ModelAlias> Aliases => Set<ModelAlias>();

    public DbSet<AliasEvent> AliasEvents => Set<AliasEvent>();

    public DbSet<ValidationCard> Cards => Set<ValidationCard>();

    public DbSet<VersionEvent> VersionEvents => Set<VersionEvent>();

    public DbSet<ArtifactChunk> Chunks => Set<ArtifactChunk>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<Job> Jobs => Set<Job>();

    public DbSet<JobPart> JobParts => Set<JobPart>();

    public DbSet<GoldenDigest> GoldenSamples => Set<GoldenDigest>();

    /// <summary>Settings that the database keeps and that cannot be changed inside a transaction.</summary>
    internal abstract Task PrepareAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Held while the database is migrated: one server at a time, released if it dies. No transaction of this context is open for it,
    /// as EF's migrations want their own.
    /// </summary>
    internal abstract Task<IAsyncDisposable> LockForMigrationAsync(CancellationToken cancellationToken);

    /// <summary>Taken in a transaction that changes a model: its writers come one after another until the transaction ends.</summary>
    internal abstract Task LockModelAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// Taken in a transaction that makes bytes belong to a version, or (<paramref name="alone"/>) deletes bytes that belong to none.
    /// </summary>
    internal abstract Task LockArtifactsAsync(bool alone, CancellationToken cancellationToken);

    /// <summary>Asks the database to tell this context of changes, where it can.</summary>
    internal virtual Task ListenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// Waits until the database says that something has changed, where it can, and never longer than <paramref name="atMost"/>.
    /// </summary>
    internal virtual Task WaitForHintAsync(TimeSpan atMost, CancellationToken cancellationToken) => Task.Delay(atMost, cancellationToken);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        modelBuilder.Entity<RegisteredModel>(model =>
        {
            model.ToTable("model");
            model.HasIndex(m => m.Name).IsUnique();
            model.HasIndex(m => m.Process);
        });
        modelBuilder.Entity<ModelVersion>(version =>
        {
            version.ToTable("model_version");
            version.HasOne(v => v.Model).WithMany(m => m.Versions).HasForeignKey(v => v.ModelId).OnDelete(DeleteBehavior.Restrict);
            version.HasIndex(v => new { v.ModelId, v.Number }).IsUnique();
            version.HasIndex(v => new { v.ModelId, v.Sha256 }).IsUnique();
            version.HasIndex(v => v.Sha256);
        });
        modelBuilder.Entity<ModelAlias>(alias =>
        {
            alias.ToTable("alias");
            alias.HasKey(a => new { a.ModelId, a.Name });
            alias.HasOne<RegisteredModel>().WithMany(m => m.Aliases).HasForeignKey(a => a.ModelId).OnDelete(DeleteBehavior.Restrict);
            alias.HasOne(a => a.Version).WithMany().HasForeignKey(a => a.VersionId).OnDelete(DeleteBehavior.Restrict);
            alias.Property(a => a.Revision).IsConcurrencyToken();
        });
        modelBuilder.Entity<AliasEvent>(aliasEvent =>
        {
            aliasEvent.ToTable("alias_event");
            aliasEvent.HasOne<RegisteredModel>().WithMany().HasForeignKey(e => e.ModelId).OnDelete(DeleteBehavior.Restrict);
            aliasEvent.HasOne<ModelVersion>().WithMany().HasForeignKey(e => e.FromVersionId).OnDelete(DeleteBehavior.Restrict);
            aliasEvent.HasOne<ModelVersion>().WithMany().HasForeignKey(e => e.ToVersionId).OnDelete(DeleteBehavior.Restrict);
            aliasEvent.HasIndex(e => new { e.ModelId, e.Alias, e.At });
        });
        modelBuilder.Entity<ValidationCard>(card =>
        {
            card.ToTable("validation_card");
            card.HasOne<ModelVersion>().WithMany(v => v.Cards).HasForeignKey(c => c.VersionId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<VersionEvent>(versionEvent =>
        {
            versionEvent.ToTable("version_event");
            versionEvent.HasOne<ModelVersion>().WithMany().HasForeignKey(e => e.VersionId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<ApiKey>(key =>
        {
            key.ToTable("api_key");
            key.HasIndex(k => k.Hash).IsUnique();
            key.HasIndex(k => k.Name);
        });
        modelBuilder.Entity<Job>(job =>
        {
            job.ToTable("job");
            job.HasOne<ApiKey>().WithMany().HasForeignKey(j => j.ApiKeyId).OnDelete(DeleteBehavior.Restrict);
            job.HasIndex(j => new { j.State, j.Id });
            job.HasIndex(j => new { j.Owner, j.RequestId }).IsUnique();
            job.HasIndex(j => new { j.Owner, j.Id });
            job.Property(j => j.Revision).IsConcurrencyToken();
            // The defaults serve whoever writes SQL; rows from here bring their own values.
            job.Property(j => j.Owner).HasDefaultValue("anonymous").ValueGeneratedNever();
            job.Property(j => j.EventsPerSecond).HasDefaultValueSql("0").ValueGeneratedNever();
        });
        modelBuilder.Entity<JobPart>(part =>
        {
            part.ToTable("job_part");
            part.HasKey(p => new { p.JobId, p.Number });
            part.HasOne<Job>().WithMany(j => j.Parts).HasForeignKey(p => p.JobId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<ArtifactChunk>(chunk =>
        {
            chunk.ToTable("artifact_chunk");
            chunk.HasKey(c => new { c.Sha256, c.Ordinal });
        });
        modelBuilder.Entity<GoldenDigest>(golden =>
        {
            golden.ToTable("golden_sample");
            golden.HasKey(g => new { g.Sha256, g.Numerics });
        });
        UseSnakeCase(modelBuilder);
    }

    /// <summary>CreatedAt becomes created_at, ix_model_name, ...: names that need no quotes in SQL.</summary>
    private static void UseSnakeCase(ModelBuilder modelBuilder)
    {
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            var table = entity.GetTableName();
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(SnakeCase(property.Name));
            }

            foreach (var index in entity.GetIndexes())
            {
                index.SetDatabaseName($"ix_{table}_{string.Join('_', index.Properties.Select(p => SnakeCase(p.Name)))}");
            }

            foreach (var foreignKey in entity.GetForeignKeys())
            {
                foreignKey.SetConstraintName($"fk_{table}_{string.Join('_', foreignKey.Properties.Select(p => SnakeCase(p.Name)))}");
            }

            entity.FindPrimaryKey()?.SetName($"pk_{table}");
        }
    }

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? $"{(i > 0 ? "_" : "")}{char.ToLowerInvariant(c)}" : $"{c}"));
}

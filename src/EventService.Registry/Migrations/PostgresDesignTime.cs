using EventService.Registry.Databases;

using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace EventService.Registry.Migrations;

/// <summary>The context from which <c>dotnet ef</c> writes the migrations of PostgreSQL; it opens no database for that.</summary>
internal sealed class PostgresDesignTime : IDesignTimeDbContextFactory<PostgresRegistryContext>
{
    public PostgresRegistryContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresRegistryContext>().UseNpgsql("Host=localhost;Database=none").Options);
}

using EventService.Registry.Databases;

using Microsoft.EntityFrameworkCore.Design;

namespace EventService.Registry.Migrations;

/// <summary>The context from which <c>dotnet ef</c> writes the migrations of SQLite; it opens no database for that.</summary>
internal sealed class SqliteDesignTime : IDesignTimeDbContextFactory<SqliteRegistryContext>
{
    public SqliteRegistryContext CreateDbContext(string[] args) => new(SqliteRegistryContext.OptionsFor(":memory:"));
}

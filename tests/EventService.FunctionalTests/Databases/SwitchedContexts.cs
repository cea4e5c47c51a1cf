using EventService.Registry.Databases;

using Microsoft.EntityFrameworkCore;

using Npgsql;

namespace EventService.FunctionalTests.Databases;

/// <summary>A database that can be taken away.</summary>
internal sealed class SwitchedContexts(IDbContextFactory<RegistryContext> contexts) : IDbContextFactory<RegistryContext>
{
    public bool IsOn { get; set; } = true;

    public RegistryContext CreateDbContext() =>
        IsOn ? contexts.CreateDbContext() : throw new InvalidOperationException("transient", new NpgsqlException("Connection refused"));
}

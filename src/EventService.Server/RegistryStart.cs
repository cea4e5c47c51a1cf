using EventService.Models;
using EventService.Registry;
using EventService.Registry.Artifacts;
using EventService.Registry.Databases;
using EventService.Registry.Files;
using EventService.Registry.Migrations;
using EventService.Registry.Serving;
using EventService.Registry.Versions;
using EventService.Server.Settings;

using Microsoft.EntityFrameworkCore;

namespace EventService.Server;

/// <summary>The registry, in the data folder or in PostgreSQL: services, and what is done with it before the first request.</summary>
internal static class RegistryStart
{
    public static IServiceCollection AddRegistry(this IServiceCollection services, ServerSettings settings) =>
        services
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IDbContextFactory<RegistryContext>>(settings.RegistryConnectionString.Length > 0
                ? new PostgresRegistryContextFactory(settings.RegistryConnection)
                : new SqliteRegistryContextFactory(settings.RegistryFile))
            .AddSingleton(services => new ArtifactFolder(settings.CacheFolder, services.GetRequiredService<TimeProvider>(), settings.CacheBytes))
            .AddSingleton<ModelRegistry>()
            .AddSingleton<VersionLookup>()
            .AddSingleton<RegistryWatch>()
            .AddSingleton<ModelLoader>(EventGenerator.Load)
            .AddSingleton<GoldenSamples>()
            .AddSingleton(services => new GeneratorCache(
                services.GetRequiredService<ModelRegistry>(), services.GetRequiredService<ModelLoader>(), services.GetRequiredService<GoldenSamples>(),
                services.GetRequiredService<ILogger<GeneratorCache>>(),
                settings.ModelMemoryBytes > 0 ? settings.ModelMemoryBytes : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4))
            .AddSingleton<ShippedModels>()
            .AddSingleton(services => new ModelUploads(
                services.GetRequiredService<ModelRegistry>(), services.GetRequiredService<ArtifactFolder>(), services.GetRequiredService<ModelLoader>(),
                services.GetRequiredService<ILogger<ModelUploads>>(), settings.UploadBytes))
            .AddHostedService<RegistryWatchService>();

    /// <summary>Migrates the registry, tidies up after servers that were killed and enters the shipped models.</summary>
    public static async Task StartRegistryAsync(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<ServerSettings>();
        Directory.CreateDirectory(settings.DataFolder);
        await using (var context = await app.Services.GetRequiredService<IDbContextFactory<RegistryContext>>().CreateDbContextAsync())
        {
            await Migrator.MigrateAsync(context);
            await ArtifactStore.SweepAsync(context);
        }

        app.Services.GetRequiredService<ArtifactFolder>().DeleteLeftovers();

        await app.Services.GetRequiredService<ShippedModels>().RegisterAsync(LocalModels.Resolve(settings.ModelsFolder));
    }
}

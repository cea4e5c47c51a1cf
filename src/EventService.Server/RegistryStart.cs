using EventService.Generation;
using EventService.Registry;
using EventService.Registry.Migrations;

using Microsoft.EntityFrameworkCore;

namespace EventService.Server;

/// <summary>The registry in the data folder: services, and what is done with it before the first request.</summary>
internal static class RegistryStart
{
    public static IServiceCollection AddRegistry(this IServiceCollection services, ServerSettings settings) =>
        services
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IDbContextFactory<RegistryContext>>(new SqliteRegistryContextFactory(settings.RegistryFile))
            .AddSingleton<ModelRegistry>()
            .AddSingleton<ModelLoader>(EventGenerator.Load)
            .AddSingleton<GeneratorCache>()
            .AddSingleton<ShippedModels>();

    /// <summary>Migrates the registry and enters the shipped models.</summary>
    public static async Task StartRegistryAsync(this WebApplication app)
    {
        var settings = app.Services.GetRequiredService<ServerSettings>();
        Directory.CreateDirectory(settings.DataFolder);
        await using (var context = await app.Services.GetRequiredService<IDbContextFactory<RegistryContext>>().CreateDbContextAsync())
        {
            await Migrator.MigrateAsync(context);
        }

        await app.Services.GetRequiredService<ShippedModels>().RegisterAsync(LocalModels.Resolve(settings.ModelsFolder));
    }
}

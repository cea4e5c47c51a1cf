using EventService.Models.Contracts;
using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

namespace EventService.Server;

/// <summary>
/// What others change in the registry: the next request is answered by it, and a new production version of a model in use is
/// loaded before it is asked for. Requests under way keep the version they began with.
/// </summary>
internal sealed class RegistryWatchService(RegistryWatch watch, VersionLookup versions, GeneratorCache generators) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        watch.Changed += moved =>
        {
            versions.Clear();
            foreach (var alias in moved.Where(a => a.Alias == ModelAlias.Production && a.Version is not null && generators.Serves(a.Model)))
            {
                _ = LoadAsync(alias.Model, stoppingToken);
            }
        };
        return watch.RunAsync(stoppingToken);
    }

    private async Task LoadAsync(string model, CancellationToken cancellationToken)
    {
        try
        {
            await generators.GetAsync(await versions.FindAsync(new ModelQuery(Model: model), cancellationToken), cancellationToken);
        }
        catch (Exception e) when (e is RegistryException or ModelFormatException or OperationCanceledException or IOException || DatabaseFailure.Is(e))
        {
            // Whoever asks for the model gets the same error, with a request to tell it to.
        }
    }
}

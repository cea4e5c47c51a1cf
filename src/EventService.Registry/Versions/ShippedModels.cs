using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Registry.Artifacts;
using EventService.Registry.Cards;
using EventService.Registry.Files;
using EventService.Registry.Tables;

using Microsoft.Extensions.Logging;

namespace EventService.Registry.Versions;

/// <summary>
/// Enters the models that come with the service: *.safetensors of a folder, each with its evaluation report in
/// *.card.json beside it where there is one. Run at every start.
/// </summary>
/// <remarks>
/// Files are taken in ordinal order of their names. A digest not known yet becomes a version, and <c>production</c>
/// moves to it if nobody else has moved that alias, by its card if that passes, else by override: whoever ships it answers for it.
/// A file that cannot be registered is logged and left out.
/// </remarks>
public sealed class ShippedModels(ModelRegistry registry, ArtifactFolder folder, ILogger<ShippedModels> logger)
{
    public async Task RegisterAsync(string models, CancellationToken cancellationToken = default)
    {
        var files = ModelFile.In(models);
        if (files.Count == 0)
        {
            RegistryLog.NoShippedModels(logger, Path.GetFullPath(models));
        }

        foreach (var path in files)
        {
            try
            {
                await RegisterFileAsync(path, cancellationToken);
            }
            catch (Exception e) when (e is ModelFormatException or RegistryException or IOException or UnauthorizedAccessException)
            {
                RegistryLog.ShippedModelRefused(logger, path, e.Message, e);
            }
        }
    }

    private async Task RegisterFileAsync(string path, CancellationToken cancellationToken)
    {
        var file = await ModelFile.ReadAsync(path, cancellationToken);
        if (await registry.ContainsAsync(file.Sha256, cancellationToken))
        {
            return;
        }

        var (document, json) = file.ReadDocument();
        var card = await ReadCardAsync(Path.ChangeExtension(path, ".card.json"), file.Sha256, cancellationToken);
        // An operator chose to ship this file, so it serves; the history says on what grounds.
        var grounds = card switch
        {
            null => "without a validation card",
            { Passed: true } => "with a validation card that passes",
            _ => "although its validation card does not pass",
        };
        using var spooled = await folder.SpoolAsync(file.Bytes, cancellationToken);
        var added = new NewVersion(document.Name, document.Process, json, spooled, card, RegistryName.Service, $"Shipped with the service as {file.FileName}, {grounds}.");
        var (version, isNew) = await registry.RegisterAsync(added, mover => mover is null or RegistryName.Service, cancellationToken);
        if (isNew)
        {
            RegistryLog.ModelRegistered(logger, document.Name, version.Number, document.Process, version.Sha256);
        }
    }

    /// <summary>Null where there is no card, or none of this file: the model serves without it, and the log says why.</summary>
    private async Task<NewCard?> ReadCardAsync(string path, string sha256, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return CardCheck.Read(await File.ReadAllTextAsync(path, cancellationToken), sha256);
        }
        catch (RegistryException e)
        {
            RegistryLog.ShippedCardRefused(logger, path, e.Message);
            return null;
        }
    }
}

using EventService.Engine.Serialization;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Registry.Artifacts;
using EventService.Registry.Catalog;
using EventService.Registry.Files;

using Microsoft.Extensions.Logging;

namespace EventService.Registry.Versions;

/// <summary>
/// Model files from outside: spooled to disk while their digest is taken, checked as the models they claim to be, and only then
/// registered. Who sends one that is there already gets the version that it is: an upload can be repeated.
/// </summary>
/// <param name="registry">Where they go.</param>
/// <param name="files">Where they are spooled.</param>
/// <param name="load">Builds the model, which checks names, shapes and values of its tensors.</param>
/// <param name="logger">Told of each.</param>
/// <param name="maximumBytes">Longest file that is taken.</param>
public sealed class ModelUploads(
    ModelRegistry registry, ArtifactFolder files, ModelLoader load, ILogger<ModelUploads> logger, long maximumBytes = ModelUploads.LargestBytes) : IDisposable
{
    /// <summary>What the reader of model files can take.</summary>
    public const int LargestBytes = int.MaxValue;

    /// <summary>One model at a time is built for its check, however many come in.</summary>
    private readonly SemaphoreSlim _checking = new(1);

    /// <summary>Longest file that is taken.</summary>
    public long MaximumBytes { get; } = Math.Min(maximumBytes, LargestBytes);

    /// <exception cref="RegistryException">The file is too long, another one than expected, no model, or contradicts what is
    /// registered.</exception>
    public async Task<RegisteredVersion> PublishAsync(Stream source, PublishRequest request, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var expected = request.Sha256?.ToLowerInvariant();
        if (expected is not null && (expected.Length != 64 || !expected.All(char.IsAsciiHexDigitLower)))
        {
            throw new RegistryException(RegistryFault.Invalid, $"The sha256 is '{request.Sha256}', expected 64 hexadecimal digits as sha256sum prints them.");
        }

        using var file = await files.SpoolAsync(source, MaximumBytes, cancellationToken);
        if (expected is not null && file.Sha256 != expected)
        {
            throw new RegistryException(RegistryFault.Invalid,
                $"The file that arrived, {file.Size} bytes, has the sha256 {file.Sha256}, expected {expected}: bytes changed on the way, or it is another file. Send it again.");
        }

        var (document, json) = await CheckAsync(file, cancellationToken);
        var registered = await registry.RegisterAsync(
            new NewVersion(request.Name ?? document.Name, document.Process, json, file, Card: null, actor, "Published."), _ => false, cancellationToken);
        if (registered is { IsNew: true, Version: var version })
        {
            RegistryLog.ModelPublished(logger, version.Model.Name, version.Number, document.Process, version.Sha256, version.SizeBytes, actor);
        }

        return registered;
    }

    public void Dispose() => _checking.Dispose();

    private async Task<(ModelDocument Document, string Json)> CheckAsync(SpooledFile file, CancellationToken cancellationToken)
    {
        if (file.Size == 0)
        {
            throw new RegistryException(RegistryFault.Invalid, "The file is empty, expected a model file (safetensors). With curl, send it by --data-binary @model.safetensors or -T.");
        }

        await _checking.WaitAsync(cancellationToken);
        try
        {
            using var mapped = file.Map();
            var document = EventGenerator.ReadDocument(mapped.Memory);
            var json = SafeTensorsFile.Read(mapped.Memory).Metadata[ModelDocument.MetadataKey];
            load(mapped.Memory);
            return (document, json);
        }
        catch (ModelFormatException e)
        {
            throw new RegistryException(RegistryFault.Invalid, $"The file is refused, nothing was registered. {e.Message}", e);
        }
        finally
        {
            _checking.Release();
        }
    }
}

using EventService.Registry.Versions;

namespace EventService.Registry.Catalog;

/// <summary>
/// What can be asked of a registry and done to it, by somebody: in a database (<see cref="ModelCatalog"/>) or over HTTP.
/// What cannot be done is a <see cref="RegistryException"/> with the same sentence either way.
/// </summary>
public interface IModelCatalog
{
    /// <summary>The models that fit, by name.</summary>
    Task<ModelPage> ListAsync(ModelSearch search, CancellationToken cancellationToken = default);

    /// <summary>One model with its versions and aliases.</summary>
    Task<ModelResponse> GetAsync(string model, CancellationToken cancellationToken = default);

    /// <summary>One version with its document.</summary>
    Task<VersionDocumentResponse> GetVersionAsync(string model, int version, CancellationToken cancellationToken = default);

    /// <summary>Checks a model file and makes it the next version of its model; a file that is there already stays what it is.</summary>
    Task<PublishedResponse> PublishAsync(Stream file, PublishRequest request, CancellationToken cancellationToken = default);

    /// <summary>The file of a version; the caller disposes it.</summary>
    Task<Stream> OpenFileAsync(VersionDocumentResponse version, CancellationToken cancellationToken = default);

    /// <summary>Adds a validation card (JSON) to a version.</summary>
    Task<CardResponse> AddCardAsync(string model, int version, string content, CancellationToken cancellationToken = default);

    /// <summary>The last validation card (JSON) of a version.</summary>
    Task<string> GetCardAsync(string model, int version, CancellationToken cancellationToken = default);

    /// <summary>What an alias means, or meant at a time.</summary>
    Task<AliasResponse> GetAliasAsync(string model, string alias, DateTimeOffset? at = null, CancellationToken cancellationToken = default);

    /// <summary>Moves or makes an alias, or moves it back.</summary>
    Task<AliasResponse> MoveAliasAsync(string model, string alias, MoveAliasRequest request, CancellationToken cancellationToken = default);

    /// <summary>Removes an alias.</summary>
    Task RemoveAliasAsync(string model, string alias, RemoveAliasRequest request, CancellationToken cancellationToken = default);

    /// <summary>What happened to a model, in the order in which it did.</summary>
    Task<IReadOnlyList<HistoryEntryResponse>> HistoryAsync(string model, string? alias = null, CancellationToken cancellationToken = default);

    /// <summary>Retires a version or makes it active again.</summary>
    Task<VersionResponse> SetStateAsync(string model, int version, SetStateRequest request, CancellationToken cancellationToken = default);
}

using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;

using EventService.Registry.Catalog;
using EventService.Registry.Keys;
using EventService.Registry.Versions;

namespace EventService.Cli;

/// <summary>The registry of a server: its HTTP interface behind the methods that a database has, with the same errors.</summary>
internal sealed class HttpRegistry(ServiceClient client) : IModelCatalog, IKeyCatalog
{
    public async Task<ModelPage> ListAsync(ModelSearch search, CancellationToken cancellationToken = default)
    {
        var query = ServiceClient.Query(
            ("process", search.Process), ("q", search.Text), ("alias", search.Alias), ("after", search.After),
            ("limit", search.Limit.ToString(CultureInfo.InvariantCulture)));
        using var response = await client.SendAsync(HttpMethod.Get, $"models{query}", null, cancellationToken);
        var models = await client.ReadAsync<List<ModelResponse>>(response, cancellationToken);
        return new ModelPage(models, response.Headers.Contains("Link") ? models[^1].Name : null);
    }

    public Task<ModelResponse> GetAsync(string model, CancellationToken cancellationToken = default) =>
        client.AskAsync<ModelResponse>(HttpMethod.Get, Path(model), null, cancellationToken);

    public Task<VersionDocumentResponse> GetVersionAsync(string model, int version, CancellationToken cancellationToken = default) =>
        client.AskAsync<VersionDocumentResponse>(HttpMethod.Get, Path(model, version), null, cancellationToken);

    public Task<PublishedResponse> PublishAsync(Stream file, PublishRequest request, CancellationToken cancellationToken = default)
    {
        var content = new StreamContent(file, 1 << 16);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return client.AskAsync<PublishedResponse>(
            HttpMethod.Post,
            $"models{ServiceClient.Query(("name", request.Name), ("sha256", request.Sha256))}",
            content,
            cancellationToken);
    }

    public async Task<Stream> OpenFileAsync(VersionDocumentResponse version, CancellationToken cancellationToken = default)
    {
        // The stream owns the response.
        var response = await client.SendAsync(HttpMethod.Get, $"{Path(version.Name, version.Version)}/file", null, cancellationToken);
        return await response.Content.ReadAsStreamAsync(cancellationToken);
    }

    public Task<CardResponse> AddCardAsync(string model, int version, string content, CancellationToken cancellationToken = default) =>
        client.AskAsync<CardResponse>(
            HttpMethod.Post,
            $"{Path(model, version)}/card",
            new StringContent(content, Encoding.UTF8, "application/json"),
            cancellationToken);

    public async Task<string> GetCardAsync(string model, int version, CancellationToken cancellationToken = default)
    {
        using var response = await client.SendAsync(HttpMethod.Get, $"{Path(model, version)}/card", null, cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    public Task<AliasResponse> GetAliasAsync(
        string model, string alias, DateTimeOffset? at = null, CancellationToken cancellationToken = default) =>
        client.AskAsync<AliasResponse>(
            HttpMethod.Get,
            Alias(model, alias) + ServiceClient.Query(("at", at?.ToString("O", CultureInfo.InvariantCulture))),
            null,
            cancellationToken);

    public Task<AliasResponse> MoveAliasAsync(
        string model, string alias, MoveAliasRequest request, CancellationToken cancellationToken = default) =>
        client.AskAsync<AliasResponse>(
            HttpMethod.Put, Alias(model, alias), JsonContent.Create(request, options: ServiceClient.Json), cancellationToken);

    public async Task RemoveAliasAsync(
        string model, string alias, RemoveAliasRequest request, CancellationToken cancellationToken = default)
    {
        var query = ServiceClient.Query(("reason", request.Reason), ("revision", request.Revision?.ToString(CultureInfo.InvariantCulture)));
        using var response = await client.SendAsync(HttpMethod.Delete, Alias(model, alias) + query, null, cancellationToken);
    }

    public async Task<IReadOnlyList<HistoryEntryResponse>> HistoryAsync(
        string model, string? alias = null, CancellationToken cancellationToken = default) =>
        await client.AskAsync<List<HistoryEntryResponse>>(
            HttpMethod.Get, $"{Path(model)}/history{ServiceClient.Query(("alias", alias))}", null, cancellationToken);

    public Task<VersionResponse> SetStateAsync(
        string model, int version, SetStateRequest request, CancellationToken cancellationToken = default) =>
        client.AskAsync<VersionResponse>(
            HttpMethod.Put, $"{Path(model, version)}/state", JsonContent.Create(request, options: ServiceClient.Json), cancellationToken);

    async Task<IReadOnlyList<KeyResponse>> IKeyCatalog.ListAsync(CancellationToken cancellationToken) =>
        await client.AskAsync<List<KeyResponse>>(HttpMethod.Get, "keys", null, cancellationToken);

    public Task<IssuedKeyResponse> CreateAsync(CreateKeyRequest request, CancellationToken cancellationToken = default) =>
        client.AskAsync<IssuedKeyResponse>(
            HttpMethod.Post, "keys", JsonContent.Create(request, options: ServiceClient.Json), cancellationToken);

    public Task<IssuedKeyResponse> RotateAsync(long id, RotateKeyRequest request, CancellationToken cancellationToken = default) =>
        client.AskAsync<IssuedKeyResponse>(
            HttpMethod.Post, $"keys/{id}/rotate", JsonContent.Create(request, options: ServiceClient.Json), cancellationToken);

    public Task<KeyResponse> RevokeAsync(long id, CancellationToken cancellationToken = default) =>
        client.AskAsync<KeyResponse>(HttpMethod.Delete, $"keys/{id}", null, cancellationToken);

    private static string Path(string model) => $"models/{Uri.EscapeDataString(model)}";

    private static string Path(string model, int version) => $"{Path(model)}/versions/{version}";

    private static string Alias(string model, string alias) => $"{Path(model)}/aliases/{Uri.EscapeDataString(alias)}";
}

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

using EventService.Registry;
using EventService.Registry.Catalog;
using EventService.Registry.Keys;

namespace EventService.Cli;

/// <summary>The registry of a server: its HTTP interface behind the methods that a database has, with the same errors.</summary>
internal sealed class HttpRegistry : IModelCatalog, IKeyCatalog, IDisposable
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    private readonly HttpClient _client;

    /// <param name="server">Address, such as http://localhost:8080.</param>
    /// <param name="key">API key; null to come without.</param>
    /// <exception cref="RegistryException">The address is none.</exception>
    public HttpRegistry(string server, string? key)
    {
        if (!Uri.TryCreate(server.TrimEnd('/') + "/", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new RegistryException(RegistryFault.Invalid, $"The server is '{server}', expected an address such as http://localhost:8080.");
        }

        // A large file takes its time; who waits can interrupt.
        _client = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
    }

    public void Dispose() => _client.Dispose();

    public async Task<ModelPage> ListAsync(ModelSearch search, CancellationToken cancellationToken = default)
    {
        var query = Query(
            ("process", search.Process), ("q", search.Text), ("alias", search.Alias), ("after", search.After), ("limit", search.Limit.ToString(CultureInfo.InvariantCulture)));
        using var response = await SendAsync(HttpMethod.Get, $"models{query}", null, cancellationToken);
        var models = await ReadAsync<List<ModelResponse>>(response, cancellationToken);
        return new ModelPage(models, response.Headers.Contains("Link") ? models[^1].Name : null);
    }

    public Task<ModelResponse> GetAsync(string model, CancellationToken cancellationToken = default) =>
        AskAsync<ModelResponse>(HttpMethod.Get, Path(model), null, cancellationToken);

    public Task<VersionDocumentResponse> GetVersionAsync(string model, int version, CancellationToken cancellationToken = default) =>
        AskAsync<VersionDocumentResponse>(HttpMethod.Get, Path(model, version), null, cancellationToken);

    public Task<PublishedResponse> PublishAsync(Stream file, PublishRequest request, CancellationToken cancellationToken = default)
    {
        var content = new StreamContent(file, 1 << 16);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return AskAsync<PublishedResponse>(HttpMethod.Post, $"models{Query(("name", request.Name), ("sha256", request.Sha256))}", content, cancellationToken);
    }

    public async Task<Stream> OpenFileAsync(VersionDocumentResponse version, CancellationToken cancellationToken = default)
    {
        // The stream owns the response.
        var response = await SendAsync(HttpMethod.Get, $"{Path(version.Name, version.Version)}/file", null, cancellationToken);
        return await response.Content.ReadAsStreamAsync(cancellationToken);
    }

    public Task<CardResponse> AddCardAsync(string model, int version, string content, CancellationToken cancellationToken = default) =>
        AskAsync<CardResponse>(HttpMethod.Post, $"{Path(model, version)}/card", new StringContent(content, Encoding.UTF8, "application/json"), cancellationToken);

    public async Task<string> GetCardAsync(string model, int version, CancellationToken cancellationToken = default)
    {
        using var response = await SendAsync(HttpMethod.Get, $"{Path(model, version)}/card", null, cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    public Task<AliasResponse> GetAliasAsync(string model, string alias, DateTimeOffset? at = null, CancellationToken cancellationToken = default) =>
        AskAsync<AliasResponse>(HttpMethod.Get, Alias(model, alias) + Query(("at", at?.ToString("O", CultureInfo.InvariantCulture))), null, cancellationToken);

    public Task<AliasResponse> MoveAliasAsync(string model, string alias, MoveAliasRequest request, CancellationToken cancellationToken = default) =>
        AskAsync<AliasResponse>(HttpMethod.Put, Alias(model, alias), JsonContent.Create(request, options: s_json), cancellationToken);

    public async Task RemoveAliasAsync(string model, string alias, RemoveAliasRequest request, CancellationToken cancellationToken = default)
    {
        var query = Query(("reason", request.Reason), ("revision", request.Revision?.ToString(CultureInfo.InvariantCulture)));
        using var response = await SendAsync(HttpMethod.Delete, Alias(model, alias) + query, null, cancellationToken);
    }

    public async Task<IReadOnlyList<HistoryEntryResponse>> HistoryAsync(string model, string? alias = null, CancellationToken cancellationToken = default) =>
        await AskAsync<List<HistoryEntryResponse>>(HttpMethod.Get, $"{Path(model)}/history{Query(("alias", alias))}", null, cancellationToken);

    public Task<VersionResponse> SetStateAsync(string model, int version, SetStateRequest request, CancellationToken cancellationToken = default) =>
        AskAsync<VersionResponse>(HttpMethod.Put, $"{Path(model, version)}/state", JsonContent.Create(request, options: s_json), cancellationToken);

    async Task<IReadOnlyList<KeyResponse>> IKeyCatalog.ListAsync(CancellationToken cancellationToken) =>
        await AskAsync<List<KeyResponse>>(HttpMethod.Get, "keys", null, cancellationToken);

    public Task<IssuedKeyResponse> CreateAsync(CreateKeyRequest request, CancellationToken cancellationToken = default) =>
        AskAsync<IssuedKeyResponse>(HttpMethod.Post, "keys", JsonContent.Create(request, options: s_json), cancellationToken);

    public Task<IssuedKeyResponse> RotateAsync(long id, RotateKeyRequest request, CancellationToken cancellationToken = default) =>
        AskAsync<IssuedKeyResponse>(HttpMethod.Post, $"keys/{id}/rotate", JsonContent.Create(request, options: s_json), cancellationToken);

    public Task<KeyResponse> RevokeAsync(long id, CancellationToken cancellationToken = default) =>
        AskAsync<KeyResponse>(HttpMethod.Delete, $"keys/{id}", null, cancellationToken);

    private static string Path(string model) => $"models/{Uri.EscapeDataString(model)}";

    private static string Path(string model, int version) => $"{Path(model)}/versions/{version}";

    private static string Alias(string model, string alias) => $"{Path(model)}/aliases/{Uri.EscapeDataString(alias)}";

    private static string Query(params (string Name, string? Value)[] values)
    {
        var given = values.Where(v => v.Value is not null).Select(v => $"{v.Name}={Uri.EscapeDataString(v.Value!)}").ToArray();
        return given.Length == 0 ? "" : "?" + string.Join('&', given);
    }

    private async Task<T> AskAsync<T>(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, content, cancellationToken);
        return await ReadAsync<T>(response, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        // A server that refuses says so before a large file is sent.
        request.Headers.ExpectContinue = content is StreamContent;
        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new RegistryException(RegistryFault.Unusable, $"{_client.BaseAddress} does not answer: {e.Message}. Is the service running there?", e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await RefusedAsync(response, cancellationToken);
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(s_json, cancellationToken)
                ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new RegistryException(RegistryFault.Unusable, $"{_client.BaseAddress} answers in words that are not the event service's: {e.Message}. Is it another server, or another version?", e);
        }
    }

    /// <summary>The server's own sentence, from its problem details (RFC 9457).</summary>
    private async Task<RegistryException> RefusedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var fault = response.StatusCode switch
        {
            HttpStatusCode.NotFound => RegistryFault.NotFound,
            HttpStatusCode.BadRequest => RegistryFault.Invalid,
            HttpStatusCode.Conflict => RegistryFault.Conflict,
            HttpStatusCode.UnprocessableEntity => RegistryFault.NotValidated,
            HttpStatusCode.RequestEntityTooLarge => RegistryFault.TooLarge,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RegistryFault.Denied,
            _ => RegistryFault.Unusable,
        };
        try
        {
            var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            if (problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("detail", out var detail) && detail.GetString() is { } sentence)
            {
                return new RegistryException(fault, sentence);
            }
        }
        catch (JsonException)
        {
            // Something between us and the service has answered.
        }

        return new RegistryException(fault, $"{_client.BaseAddress} answers {(int)response.StatusCode} {response.ReasonPhrase}.");
    }
}

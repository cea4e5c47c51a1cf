using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

using EventService.Registry;

namespace EventService.Cli;

/// <summary>A server's HTTP interface, with its sentences as errors.</summary>
internal sealed class ServiceClient : IDisposable
{
    private readonly HttpClient _client;

    /// <param name="server">Address, such as http://localhost:8080.</param>
    /// <param name="key">API key or token; null to come without.</param>
    /// <exception cref="RegistryException">The address is invalid.</exception>
    public ServiceClient(string server, string? key)
    {
        // A large file takes its time; who waits can interrupt.
        _client = new HttpClient { BaseAddress = ServerAddress.Parse(server), Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
    }

    /// <summary>How bodies are written and read.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web);

    public void Dispose() => _client.Dispose();

    /// <summary>The values that are given, as a query.</summary>
    public static string Query(params (string Name, string? Value)[] values)
    {
        var given = values.Where(v => v.Value is not null).Select(v => $"{v.Name}={Uri.EscapeDataString(v.Value!)}").ToArray();
        return given.Length == 0 ? "" : "?" + string.Join('&', given);
    }

    public async Task<T> AskAsync<T>(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(method, path, content, cancellationToken);
        return await ReadAsync<T>(response, cancellationToken);
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(method, path) { Content = content }, cancellationToken);

    /// <summary>The answer, once its headers have arrived, unless it is an error.</summary>
    /// <exception cref="RegistryException">The server refuses, or does not answer.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var sent = request;
        // A server that refuses says so before a large file is sent.
        request.Headers.ExpectContinue = request.Content is StreamContent;
        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new RegistryException(
                RegistryFault.Unusable, $"{_client.BaseAddress} does not answer: {e.Message}. Is the service running there?", e);
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

    public async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken)
                ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new RegistryException(
                RegistryFault.Unusable,
                $"{_client.BaseAddress} answers in words that are not the event service's: {e.Message}. "
                    + "Is it another server, or another version?",
                e);
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
            if (problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("detail", out var detail)
                && detail.GetString() is { } sentence)
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

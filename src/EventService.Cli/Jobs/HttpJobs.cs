using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;

using EventService.Registry;
using EventService.Registry.Jobs;

namespace EventService.Cli.Jobs;

/// <summary>The jobs of a server.</summary>
internal sealed class HttpJobs(ServiceClient client)
{
    public Task<JobResponse> SubmitAsync(IReadOnlyDictionary<string, string> parameters, CancellationToken cancellationToken) =>
        client.AskAsync<JobResponse>(
            HttpMethod.Post, "jobs", JsonContent.Create(parameters, options: ServiceClient.Json), cancellationToken);

    public Task<JobResponse> GetAsync(long id, CancellationToken cancellationToken) =>
        client.AskAsync<JobResponse>(HttpMethod.Get, $"jobs/{id}", null, cancellationToken);

    public Task<List<JobResponse>> ListAsync(JobSearch search, CancellationToken cancellationToken) =>
        client.AskAsync<List<JobResponse>>(
            HttpMethod.Get,
            "jobs" + ServiceClient.Query(
                ("owner", search.Owner), ("state", search.State), ("after", search.After?.ToString(CultureInfo.InvariantCulture)),
                ("limit", search.Limit.ToString(CultureInfo.InvariantCulture))),
            null,
            cancellationToken);

    public Task<JobResponse> CancelAsync(long id, CancellationToken cancellationToken) =>
        client.AskAsync<JobResponse>(HttpMethod.Delete, $"jobs/{id}", null, cancellationToken);

    /// <summary>The manifest as the server has it.</summary>
    public async Task<string> ManifestAsync(long id, CancellationToken cancellationToken)
    {
        using var response = await client.SendAsync(HttpMethod.Get, $"jobs/{id}/manifest", null, cancellationToken);
        return await response.Content.ReadAsStringAsync(cancellationToken);
    }

    /// <summary>The bytes of a part from this one on; the stream owns the response.</summary>
    /// <exception cref="RegistryException">The server does not serve the rest alone.</exception>
    public async Task<Stream> OpenPartAsync(long id, int part, long from, CancellationToken cancellationToken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"jobs/{id}/parts/{part}");
        request.Headers.Range = from > 0 ? new RangeHeaderValue(from, null) : null;
        var response = await client.SendAsync(request, cancellationToken);
        return from == 0 || response.StatusCode == HttpStatusCode.PartialContent
            ? await response.Content.ReadAsStreamAsync(cancellationToken)
            : throw new RegistryException(
                RegistryFault.Unusable,
                $"The server answers {(int)response.StatusCode} instead of the rest of part {part}. "
                    + "Delete the unfinished file and try again.");
    }
}

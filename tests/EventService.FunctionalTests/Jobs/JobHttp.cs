using System.Security.Cryptography;
using System.Text.Json;

namespace EventService.FunctionalTests.Jobs;

/// <summary>Jobs as a client sees them.</summary>
internal static class JobHttp
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    public static Task<JsonElement> SubmitAsync(this HttpClient client, string query, string? key = null, int status = 202) =>
        client.SendAsync(Submission(query, key)).JsonAsync(status);

    public static HttpRequestMessage Submission(string query, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"/jobs?{query}");
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return request;
    }

    public static long Id(this JsonElement job) => job.GetProperty("id").GetInt64();

    public static string State(this JsonElement job) => job.GetProperty("state").GetString()!;

    /// <summary>The job once this holds.</summary>
    public static async Task<JsonElement> WaitAsync(this HttpClient client, long id, Func<JsonElement, bool> until)
    {
        using var patience = new CancellationTokenSource(s_patience);
        while (true)
        {
            var job = await client.JsonAsync($"/jobs/{id}");
            if (until(job))
            {
                return job;
            }

            Assert.False(patience.IsCancellationRequested, $"After {s_patience}: {job}");
            await Task.Delay(50);
        }
    }

    public static Task<JsonElement> WaitAsync(this HttpClient client, long id, string state) => client.WaitAsync(id, job =>
    {
        Assert.True(job.State() == state || job.State() is "queued" or "running", $"Waiting for '{state}': {job}");
        return job.State() == state;
    });

    /// <summary>All parts of a job that is done, each checked against the manifest.</summary>
    public static async Task<List<byte[]>> DownloadAsync(this HttpClient client, long id)
    {
        var manifest = await client.JsonAsync($"/jobs/{id}/manifest");
        var next = manifest.GetProperty("receipt").GetProperty("first").GetInt64();
        var end = next + manifest.GetProperty("receipt").GetProperty("n").GetInt64();
        var parts = new List<byte[]>();
        foreach (var part in manifest.GetProperty("parts").EnumerateArray())
        {
            var bytes = await client.GetByteArrayAsync($"/jobs/{id}/parts/{parts.Count}");
            Assert.Equal(next, part.GetProperty("first").GetInt64());
            Assert.Equal(bytes.Length, part.GetProperty("bytes").GetInt64());
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), part.GetProperty("sha256").GetString());
            next += part.GetProperty("n").GetInt64();
            parts.Add(bytes);
        }

        Assert.Equal(end, next);
        return parts;
    }

    public static async Task<byte[]> GenerateAsync(this HttpClient client, string query)
    {
        using var response = await client.PostAsync($"/generate?{query}", null);
        return await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
    }
}

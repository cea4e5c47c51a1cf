using System.Text;
using System.Text.Json;

namespace EventService.FunctionalTests;

/// <summary>Requests to the registry's operations, as any client could write them.</summary>
internal static class Http
{
    public static async Task<HttpResponseMessage> PublishAsync(this HttpClient client, byte[] file, string query = "")
    {
        using var content = new ByteArrayContent(file);
        return await client.PostAsync($"/models{query}", content);
    }

    public static Task<HttpResponseMessage> MoveAsync(this HttpClient client, string model, string alias, string json) =>
        client.PutAsync($"/models/{model}/aliases/{alias}", new StringContent(json, Encoding.UTF8, "application/json"));

    public static Task<HttpResponseMessage> AddCardAsync(this HttpClient client, string model, int version, string card) =>
        client.PostAsync($"/models/{model}/versions/{version}/card", new StringContent(card, Encoding.UTF8, "application/json"));

    public static Task<HttpResponseMessage> SetStateAsync(this HttpClient client, string model, int version, string state, string reason = "test") =>
        client.PutAsync($"/models/{model}/versions/{version}/state", new StringContent($$"""{"state":"{{state}}","reason":"{{reason}}"}""", Encoding.UTF8, "application/json"));

    public static Task<HttpResponseMessage> PostJsonAsync(this HttpClient client, string path, string json) =>
        client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));

    /// <summary>The body of an answer that must be right.</summary>
    public static async Task<byte[]> PostForBytesAsync(this HttpClient client, string path)
    {
        using var response = await client.PostAsync(path, null);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, Encoding.UTF8.GetString(body));
        return body;
    }

    public static async Task<string> PostForTextAsync(this HttpClient client, string path) => Encoding.UTF8.GetString(await client.PostForBytesAsync(path));

    /// <summary>The JSON of an answer that must have this status.</summary>
    public static async Task<JsonElement> JsonAsync(this Task<HttpResponseMessage> sent, int status = 200)
    {
        using var response = await sent;
        var body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {body}");
        return body.Length == 0 ? default : JsonElement.Parse(body);
    }

    public static Task<JsonElement> JsonAsync(this HttpClient client, string path, int status = 200) => client.GetAsync(path).JsonAsync(status);

    /// <summary>The body of an answer that must be a success.</summary>
    public static async Task<byte[]> BytesAsync(this Task<HttpResponseMessage> sent)
    {
        using var response = await sent;
        return await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
    }
}

using System.Text.Json;

namespace EventService.FunctionalTests;

/// <summary>Checks that an answer is a problem of RFC 9457 with this status and sentence.</summary>
internal static class Problem
{
    public static async Task ExpectAsync(HttpResponseMessage response, int status, string sentence)
    {
        var body = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {body}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonElement.Parse(body);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("title").GetString()!);
        Assert.StartsWith(sentence, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}

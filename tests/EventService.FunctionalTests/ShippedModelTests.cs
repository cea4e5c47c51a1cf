using System.Globalization;
using System.Text.Json;

using EventService.Registry;

namespace EventService.FunctionalTests;

/// <summary>The service as it is cloned: its own models, its own loader.</summary>
public sealed class ShippedModelTests : IDisposable
{
    private readonly RunningService _service = new(workers: 2, modelsFolder: "models");

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task ShippedTtbar_ServesTheSameEventsInEveryRange_WithTheDensitiesItKnows()
    {
        var client = _service.CreateClient();
        using var whole = await client.PostAsync("/generate?process=ttbar&n=300&seed=7&logDensity=true", null);
        var events = (await whole.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(300, events.Length);

        // The digest in the receipt is that of a file that lies beside the program.
        var sha256 = Assert.Single(whole.Headers.GetValues("EventService-Model-Sha256"));
        Assert.Contains(sha256, ModelFile.In(LocalModels.Resolve("models")).Select(f => ArtifactStore.Digest(File.ReadAllBytes(f))));

        using var part = await client.PostAsync("/generate?process=ttbar&n=100&first=100&seed=7&logDensity=true", null);
        Assert.Equal(events[100..200], (await part.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries));

        using var content = new StringContent(string.Join('\n', events));
        using var densities = await client.PostAsync("/density?process=ttbar&input=jsonl", content);
        var lines = (await densities.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(300, lines.Length);
        for (var k = 0; k < lines.Length; k++)
        {
            var known = JsonElement.Parse(events[k]).GetProperty("logDensity").GetDouble();
            var found = JsonElement.Parse(lines[k]).GetProperty("logDensity");
            Assert.True(found.ValueKind == JsonValueKind.Number, lines[k]);
            // As written to float32 the contract allows 1e-2 nat for 99.9 % of the events.
            Assert.True(Math.Abs(found.GetDouble() - known) < 0.1, string.Create(CultureInfo.InvariantCulture, $"event {k}: {found} and {known}"));
        }
    }
}

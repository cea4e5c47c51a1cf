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

        var lines = await DensitiesAsync(client, "jsonl", new StringContent(string.Join('\n', events)));
        Assert.Equal(300, lines.Length);
        for (var k = 0; k < lines.Length; k++)
        {
            var known = JsonElement.Parse(events[k]).GetProperty("logDensity").GetDouble();
            var found = JsonElement.Parse(lines[k]).GetProperty("logDensity");
            Assert.True(found.ValueKind == JsonValueKind.Number, lines[k]);
            // As written to float32 the contract allows 1e-2 nat for 99.9 % of the events.
            Assert.True(Math.Abs(found.GetDouble() - known) < 1e-2, string.Create(CultureInfo.InvariantCulture, $"event {k}: {found} and {known}"));
        }
    }

    [Theory]
    [InlineData("t5qqqqww", "eps=0.5", 0.0001372, 0.0001371, 0.5, 0.19625, 0.2059, "eps=0.8", "eps is 0.8 1, outside what this model was trained on: 0.25 to 0.75 1.")]
    [InlineData("gluino-zero-lepton", "mGluino=1400", 0.04625, 0.001244, 1.0 / 3, 0.771, 0.87925, "mGluino=2000", "mGluino is 2000 GeV, outside what this model was trained on: 1200 to 1800 GeV.")]
    public async Task ShippedFlowsBetweenPoints_ServeEventsDensitiesAndYieldsThere(
        string process, string between, double crossSection0, double crossSection1, double share, double efficiency0, double efficiency1, string outside, string refusal)
    {
        var client = _service.CreateClient();
        client.Timeout = TimeSpan.FromMinutes(10);   // densities of continuous flows are slow on a busy machine
        using var answer = await client.PostAsync($"/generate?process={process}&{between}&n=6&seed=3&logDensity=true&lumi=1e6", null);
        var events = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, events.Length);

        // Yields of the README of the samples: the logarithm of the cross-section and the efficiency are linear between the points; 1e6/fb.
        var receipt = JsonElement.Parse(answer.Headers.GetValues("EventService-Receipt").Single());
        var expected = Math.Pow(crossSection0, 1 - share) * Math.Pow(crossSection1, share) * (((1 - share) * efficiency0) + (share * efficiency1)) * 1e9;
        Assert.Equal(expected, receipt.GetProperty("expectedEvents").GetDouble(), 1e-9 * expected);

        // n_jets is on a grid: the sampler's density and that of the written event are the same lower bound.
        using var densities = await client.PostAsync($"/density?process={process}&{between}", new StringContent(string.Join('\n', events), System.Text.Encoding.UTF8, "application/x-ndjson"));
        var found = (await densities.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, found.Length);
        Assert.All(events.Zip(found), pair => Assert.Equal(JsonElement.Parse(pair.First).GetProperty("logDensity").GetDouble(), JsonElement.Parse(pair.Second).GetProperty("logDensity").GetDouble(), 1e-2));

        await Problem.ExpectAsync(await client.PostAsync($"/generate?process={process}&{outside}", null), 422, refusal);
    }

    [Theory]
    [InlineData("jsonl")]
    [InlineData("dm-csv")]
    [InlineData("npy")]
    public async Task ShippedTtbar_EventsInAnyFormat_HaveTheDensitiesThatTheSamplerKnows(string format)
    {
        const int N = 1000; // as many as a body of the tests' limit holds
        var client = _service.CreateClient();
        using var known = await client.PostAsync($"/generate?process=ttbar&n={N}&seed=11&logDensity=true&columns=weight&format=npy", null);
        var expected = new NpyTable(await known.Content.ReadAsByteArrayAsync());
        using var events = await client.PostAsync($"/generate?process=ttbar&n={N}&seed=11&format={format}", null);
        var lines = await DensitiesAsync(client, format, new ByteArrayContent(await events.Content.ReadAsByteArrayAsync()));

        Assert.Equal(N, lines.Length);
        var off = lines.Where((line, k) => !(Math.Abs(JsonElement.Parse(line).GetProperty("logDensity").GetDouble() - expected.Number(k, "logDensity")) <= 1e-2)).Count();
        Assert.InRange(off, 0, N / 1000);
    }

    [Fact]
    public async Task ShippedTtbar_MassThatIsNotThatOfTheEnergy_HasNoDensityAndTheReason()
    {
        string Event(string masses) =>
            "{\"MET_pt\":30,\"MET_phi\":0.5,\"Jet_pt\":[120,60],\"Jet_eta\":[0,0],\"Jet_phi\":[0,2],\"Jet_energy\":[130,65]," + masses
            + "\"BJet_pt\":[],\"BJet_eta\":[],\"BJet_phi\":[],\"BJet_energy\":[],"
            + "\"Electron_pt\":[],\"Electron_eta\":[],\"Electron_phi\":[],\"Electron_energy\":[],\"Electron_charge\":[],"
            + "\"Muon_pt\":[],\"Muon_eta\":[],\"Muon_phi\":[],\"Muon_energy\":[],\"Muon_charge\":[],"
            + "\"Photon_pt\":[],\"Photon_eta\":[],\"Photon_phi\":[],\"Photon_energy\":[]}\n";

        // 120^2 + 50^2 = 130^2 and 60^2 + 25^2 = 65^2.
        var lines = (await DensitiesAsync(_service.CreateClient(), "jsonl", new StringContent(
            Event("") + Event("\"Jet_mass\":[50,25],") + Event("\"Jet_mass\":[50,24],") + Event("\"Jet_mass\":[-50,25],")))).Select(l => JsonElement.Parse(l)).ToArray();

        Assert.Equal(lines[0].GetProperty("logDensity").GetDouble(), lines[1].GetProperty("logDensity").GetDouble());
        Assert.Equal(JsonValueKind.Null, lines[2].GetProperty("logDensity").ValueKind);
        Assert.Equal("Jet 1: energy 65 GeV is not that of mass 24 GeV, 64.6219777 GeV", lines[2].GetProperty("reason").GetString());
        Assert.Equal(JsonValueKind.Null, lines[3].GetProperty("logDensity").ValueKind);
        Assert.Equal("Jet 0: mass -50 GeV is negative", lines[3].GetProperty("reason").GetString());
    }

    private static async Task<string[]> DensitiesAsync(HttpClient client, string format, HttpContent events)
    {
        using (events)
        {
            using var densities = await client.PostAsync($"/density?process=ttbar&input={format}", events);
            var text = await densities.Content.ReadAsStringAsync();
            Assert.True(densities.IsSuccessStatusCode, text);
            return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }
}

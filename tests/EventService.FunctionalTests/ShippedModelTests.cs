using System.Globalization;
using System.Text.Json;

using EventService.Registry.Artifacts;
using EventService.Registry.Files;

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
    [InlineData("t5qqqqww", "eps=0.5", 0.0001372, 0.0001371, 0.5, 0.19625, 0.2059, "eps=0.8", "eps is 0.8 (mChargino is 1780 GeV), outside what this model was trained on: 0.25 to 0.75 (mChargino 625 to 1675 GeV).")]
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

    [Fact]
    public async Task ShippedT5qqqqww_ByTheMassOfTheChargino_GivesTheBytesOfTheMixingAndAReceiptThatIsVerified()
    {
        var client = _service.CreateClient();
        foreach (var (mass, eps) in new[] { ("1150", "0.5"), ("625,1045", "0.25,0.45") })
        {
            using var asked = await client.PostAsync($"/generate?process=t5qqqqww&mChargino={mass}&n=200&seed=3&format=npy", null);
            var file = await asked.Content.ReadAsByteArrayAsync();
            Assert.True(asked.IsSuccessStatusCode);
            Assert.Equal(await client.PostForBytesAsync($"/generate?process=t5qqqqww&eps={eps}&n=200&seed=3&format=npy"), file);

            var verify = new HttpRequestMessage(HttpMethod.Post, "/receipts/verify") { Content = new ByteArrayContent(file) };
            verify.Headers.Add("EventService-Receipt", asked.Headers.GetValues("EventService-Receipt").Single());
            Assert.True((await client.SendAsync(verify).JsonAsync()).GetProperty("verified").GetBoolean());
        }

        // m(chargino) = 100 GeV + 2100 GeV eps, at the trained 0.25 and 0.75.
        var process = (await client.JsonAsync("/processes")).EnumerateArray().Single(p => p.GetProperty("process").GetString() == "t5qqqqww");
        Assert.Equal(
            """{"name":"mChargino","unit":"GeV","description":"Mass of the chargino","minimum":625,"maximum":1675,"trained":[625,1675]}""",
            process.GetProperty("models")[0].GetProperty("parameters")[0].GetProperty("alternative").GetRawText());
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

    [Fact]
    public async Task ShippedGluino_SeveralMasses_AreTheEventsOfEachAlone_WithTheYieldOfTheirMass()
    {
        var client = _service.CreateClient();
        var (scan, receipt) = await EventsAsync(client, "process=gluino&mGluino=1500,1600,1700&n=90&seed=3&lumi=140");
        for (var p = 0; p < 3; p++)
        {
            var mass = 1500 + (100 * p);
            var (alone, single) = await EventsAsync(client, $"process=gluino&mGluino={mass}&n=90&seed=3&lumi=140");

            // ln(cross-section) is linear between 0.013 pb at 1400 and 0.001244 pb at 1800 GeV, and every event passes the selection.
            var crossSection = Math.Exp((Math.Log(0.013) * (1800 - mass) / 400) + (Math.Log(0.001244) * (mass - 1400) / 400));
            Assert.Equal(crossSection, single.GetProperty("crossSectionPb").GetDouble(), crossSection * 1e-9);
            Assert.Equal(1, single.GetProperty("selectionEfficiency").GetDouble(), 1e-4);
            Assert.Equal(crossSection * 140_000, single.GetProperty("expectedEvents").GetDouble(), crossSection * 14);
            Assert.Equal(crossSection * 140_000, receipt.GetProperty("points")[p].GetProperty("expectedEvents").GetDouble(), crossSection * 14);
            for (var k = p; k < 90; k += 3)
            {
                Assert.Equal(mass, scan[k].GetProperty("mGluino").GetDouble());
                Assert.Equal(crossSection, scan[k].GetProperty("weight").GetDouble(), crossSection * 1e-4);
                Assert.Equal(WithoutMass(alone[k]), WithoutMass(scan[k]));
            }
        }
    }

    [Fact]
    public async Task ShippedGluino_EventsWithAMassOfTheirOwn_HaveTheDensitiesThatTheSamplerKnows()
    {
        var client = _service.CreateClient();
        using var drawn = await client.PostAsync("/generate?process=gluino&mGluino=uniform(1000,2200)&n=120&seed=4&logDensity=true", null);
        var text = await drawn.Content.ReadAsStringAsync();
        Assert.True(drawn.IsSuccessStatusCode, text);
        var events = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l)).ToArray();
        Assert.InRange(events.Select(e => e.GetProperty("mGluino").GetDouble()).Distinct().Count(), 100, 120);
        var lines = await DensitiesAsync(client, "jsonl", new StringContent(text), "gluino");
        var off = lines.Where((line, k) => !(Math.Abs(LogDensityIn(line) - events[k].GetProperty("logDensity").GetDouble()) <= 1e-2)).Count();
        Assert.Equal((120, 0), (lines.Length, off));

        // npy holds the masses too; text of whole events does not.
        using var npy = await client.PostAsync("/generate?process=gluino&mGluino=uniform(1000,2200)&n=120&seed=4&format=npy", null);
        var binary = await DensitiesAsync(client, "npy", new ByteArrayContent(await npy.Content.ReadAsByteArrayAsync()), "gluino");
        Assert.All(lines.Zip(binary), p => Assert.Equal(LogDensityIn(p.First), LogDensityIn(p.Second), 1e-3)); // decimals of float32 against its bits
        using var csv = await client.PostAsync("/density?process=gluino&input=dm-csv", new StringContent("1;x;1;1;0"));
        Assert.Equal(System.Net.HttpStatusCode.UnprocessableEntity, csv.StatusCode);
        Assert.Contains("'dm-csv' has no place for mGluino of each event", await csv.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("process=gluino&mGluino=2300", 422, "outside what this model was trained on: 1000 to 2200 GeV. The nearest point that it has is mGluino=2200.")]
    [InlineData("process=gluino&mGluino=1500,900", 422, "The nearest point that it has is mGluino=1000.")]
    [InlineData("process=gluino&mGluino=90", 400, "a gluino is heavier than the neutralino of 100 GeV")]
    [InlineData("process=gluino", 400, "mGluino is not given; this model needs it, 1000 to 2200 GeV")]
    [InlineData("process=stop&mStop=600&mLSP=50", 422, "outside what this model was trained on: the polygon of mStop=220 GeV, mLSP=20 GeV; mStop=300 GeV, mLSP=100 GeV; mStop=800 GeV, mLSP=100 GeV.")]
    [InlineData("process=stop&mStop=260&mLSP=100", 400, "a stop is heavier than the top quark of 173 GeV and the neutralino")]
    [InlineData("process=zprime&mZp=1000", 422, "The nearest point that it has is mZp=2000.")]
    public async Task ShippedSignals_OutsideTheirMasses_SayWhatIsAllowed(string query, int status, string sentence)
    {
        using var response = await _service.CreateClient().PostAsync($"/generate?{query}&n=1", null);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(sentence, JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("process=gluino&mGluino=1100", true)]
    [InlineData("process=gluino&mGluino=1500", false)]
    [InlineData("process=zprime&mZp=3000", false)]
    [InlineData("process=stop&mStop=300&mLSP=100", false)]
    [InlineData("process=stop&mStop=350&mLSP=90", true)]
    public async Task ShippedSignals_InTheOutermostInterval_WarnInTheReceipt(string query, bool warned)
    {
        var (_, receipt) = await EventsAsync(_service.CreateClient(), query + "&n=5&seed=1");
        Assert.Equal(warned, receipt.TryGetProperty("warnings", out var warnings));
        Assert.Equal(warned, warned && warnings.EnumerateArray().First().GetString()!.Contains("in the outermost interval of the trained points", StringComparison.Ordinal));
    }

    private static double LogDensityIn(string line) => JsonElement.Parse(line).GetProperty("logDensity").GetDouble();

    private static string WithoutMass(JsonElement @event) =>
        string.Join(' ', @event.EnumerateObject().Where(p => p.Name != "mGluino").Select(p => $"{p.Name}={p.Value.GetRawText()}"));

    private static async Task<(JsonElement[] Events, JsonElement Receipt)> EventsAsync(HttpClient client, string query)
    {
        using var response = await client.PostAsync($"/generate?{query}", null);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return ([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l))], JsonElement.Parse(response.Headers.GetValues("EventService-Receipt").Single()));
    }

    private static async Task<string[]> DensitiesAsync(HttpClient client, string format, HttpContent events, string process = "ttbar")
    {
        using (events)
        {
            using var densities = await client.PostAsync($"/density?process={process}&input={format}", events);
            var text = await densities.Content.ReadAsStringAsync();
            Assert.True(densities.IsSuccessStatusCode, text);
            return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }
}

using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

using EventService.FunctionalTests.Models;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.FunctionalTests;

[Collection(ServiceCollection.Name)]
public sealed class GenerateTests(RunningService service)
{
    private readonly HttpClient _client = service.CreateClient();

    [Theory]
    [InlineData("jsonl")]
    [InlineData("dm-csv")]
    [InlineData("npy")]
    public async Task Generate_RangeAskedAlone_EqualsTheSameRangeInsideALongerOne(string format)
    {
        var whole = await Bytes($"process=ttbar&seed=7&n=5000&format={format}");
        var part = await Bytes($"process=ttbar&seed=7&first=1100&n=1000&format={format}");

        Assert.Equal(Records(format, whole).Skip(1100).Take(1000), Records(format, part));
    }

    [Fact]
    public async Task Generate_NumberOfWorkers_DoesNotChangeABit()
    {
        using var single = new RunningService(workers: 1);
        const string query = "/generate?process=ttbar&seed=7&n=5000&logDensity=true";

        var two = await _client.PostAsync(query, null);
        var one = await single.CreateClient().PostAsync(query, null);

        Assert.Equal(await two.Content.ReadAsByteArrayAsync(), await one.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Generate_AllFormats_HoldTheSameNumbers()
    {
        const string query = "process=ttbar&seed=3&n=700";
        var jsonl = Lines(await Bytes($"{query}&format=jsonl")).Select(l => JsonElement.Parse(l)).ToArray();
        var npy = new NpyTable(await Bytes($"{query}&format=npy"));
        var csv = new EventSample();
        using var reader = new DarkMachinesReader(new MemoryStream(await Bytes($"{query}&format=dm-csv")), "answer");
        reader.Read(csv, int.MaxValue);

        Assert.Equal(700, jsonl.Length);
        Assert.Equal(700, npy.Count);
        Assert.Equal(700, csv.Count);
        Assert.Equal("ttbar", csv.ProcessName);
        for (var k = 0; k < 700; k++)
        {
            Assert.Equal(k, npy.Number(k, "event"));
            Assert.Equal(k, csv.EventNumber[k]);
            Assert.Equal(k, jsonl[k].GetProperty("event").GetInt64());
            Assert.Equal((float)npy.Number(k, "MET_pt"), jsonl[k].GetProperty("MET_pt").GetSingle());
            Assert.Equal((float)npy.Number(k, "MET_pt"), (float)csv.Met[k]);
            var jets = (int)npy.Number(k, "nJet");
            Assert.Equal(jets, jsonl[k].GetProperty("nJet").GetInt32());
            var csvJets = Enumerable.Range(csv.Offsets[k], csv.Offsets[k + 1] - csv.Offsets[k]).Where(i => csv.Type[i] == ObjectType.Jet).ToArray();
            Assert.Equal(jets, csvJets.Length);
            for (var j = 0; j < jets; j++)
            {
                var pt = (float)npy.Number(k, "Jet_pt", j);
                Assert.Equal(pt, jsonl[k].GetProperty("Jet_pt")[j].GetSingle());
                Assert.Equal(pt, (float)csv.Pt[csvJets[j]]);
                Assert.Equal((float)npy.Number(k, "Jet_energy", j), (float)csv.Energy[csvJets[j]]);
                var mass = (float)npy.Number(k, "Jet_mass", j);
                Assert.Equal(mass, jsonl[k].GetProperty("Jet_mass")[j].GetSingle());

                // m = sqrt(1.1^2 - 1) p. The model rounds its energy by itself, so that dm-csv has the mass to float32 rounding of all
                // three.
                Assert.Equal(Math.Sqrt(0.21), mass / (pt * Math.Cosh(npy.Number(k, "Jet_eta", j))), 1e-6);
                Assert.Equal(1, csv.Mass[csvJets[j]] / mass, 2e-6);
            }
        }
    }

    [Fact]
    public async Task Generate_WithoutSeed_DrawsAFreshOneAndReportsIt()
    {
        using var first = await _client.PostAsync("/generate?process=ttbar&n=5", null);
        using var second = await _client.PostAsync("/generate?process=ttbar&n=5", null);
        var seed = Header(first, "EventService-Seed");

        Assert.NotEqual(seed, Header(second, "EventService-Seed"));
        Assert.Equal(await first.Content.ReadAsByteArrayAsync(), await Bytes($"process=ttbar&n=5&seed={seed}"));
    }

    [Fact]
    public async Task Generate_Receipt_HoldsAllThatTheEventsDependOn()
    {
        using var response = await _client.PostAsync("/generate?process=gluino&mGluino=1400.5&seed=18446744073709551615&first=10&n=20&lumi=3&columns=Jet_pt,MET_pt", null);
        var receipt = JsonElement.Parse(Header(response, "EventService-Receipt"));

        Assert.Equal("gluino", receipt.GetProperty("process").GetString());
        Assert.Equal("gluino-analytic", receipt.GetProperty("model").GetString());
        Assert.Equal(1, receipt.GetProperty("version").GetInt32());
        Assert.Equal(Header(response, "EventService-Model-Sha256"), receipt.GetProperty("sha256").GetString());
        Assert.Equal("18446744073709551615", receipt.GetProperty("seed").GetString());
        Assert.Equal(10, receipt.GetProperty("first").GetInt64());
        Assert.Equal(20, receipt.GetProperty("n").GetInt64());
        Assert.Equal(1400.5, receipt.GetProperty("condition").GetProperty("mGluino").GetDouble());
        Assert.Equal("cpu-fp32-v2", receipt.GetProperty("numerics").GetString());
        Assert.Equal("jsonl", receipt.GetProperty("format").GetString());
        Assert.Equal(["Jet_pt", "MET_pt"], receipt.GetProperty("columns").EnumerateArray().Select(c => c.GetString()));
        Assert.Equal(TestModels.CrossSectionPb, receipt.GetProperty("crossSectionPb").GetDouble());
        Assert.Equal(1, receipt.GetProperty("acceptance").GetDouble());
        // 500 pb * 0.8 * 3/fb * 1000 pb/fb
        Assert.Equal(1_200_000, receipt.GetProperty("expectedEvents").GetDouble(), 1e-6);
        Assert.Equal(60_000, receipt.GetProperty("eventNormalisation").GetDouble(), 1e-6);
        Assert.Matches(@"^\d+\.\d+\.\d+", receipt.GetProperty("serviceVersion").GetString());
    }

    [Theory]
    [InlineData("1000", 1000)]
    [InlineData("1e3", 1000)]
    [InlineData("1.5e3", 1500)]
    [InlineData("1_000", 1000)]
    [InlineData("2k", 2000)]
    [InlineData("0.002M", 2000)]
    public async Task Generate_NotationsOfN_AreUnderstood(string n, int expected) =>
        Assert.Equal(expected, Lines(await Bytes($"process=ttbar&seed=1&n={n}")).Length);

    [Fact]
    public async Task Generate_WithoutN_GivesAThousand() =>
        Assert.Equal(1000, Lines(await Bytes("process=ttbar&seed=1")).Length);

    [Fact]
    public async Task Generate_JsonBody_GivesTheSameAsTheQuery()
    {
        using var response = await _client.PostAsJsonAsync("/generate?format=npy", new Dictionary<string, object>
        {
            ["process"] = "gluino",
            ["n"] = 50,
            ["seed"] = ulong.MaxValue,
            ["mGluino"] = 1500,
            ["logDensity"] = true,
            ["columns"] = new[] { "Jet", "MET_pt" },
        });
        Assert.Equal(
            await Bytes("process=gluino&n=50&seed=18446744073709551615&mGluino=1500&logDensity=true&columns=Jet,MET_pt&format=npy"),
            await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Generate_Columns_AreTheOnesAskedFor()
    {
        var npy = new NpyTable(await Bytes("process=ttbar&n=5&seed=1&columns=MET_pt,Jet_mass,Jet_pt,nElectron&logDensity=true&format=npy"));
        Assert.Equal(["event", "MET_pt", "nJet", "Jet_pt", "Jet_mass", "nElectron", "logDensity"], npy.Fields);
    }

    [Fact]
    public async Task Generate_Cut_KeepsTheEventsThatPass()
    {
        var all = Lines(await Bytes("process=ttbar&n=2k&seed=1&logDensity=true"));
        var cut = Lines(await Bytes("process=ttbar&n=2k&seed=1&logDensity=true&cut=nJet>=3,MET_pt>30"));
        Assert.InRange(cut.Length, 1, 1999);
        Assert.Equal(all.Where(l => JsonElement.Parse(l) is var e && e.GetProperty("nJet").GetInt32() >= 3 && e.GetProperty("MET_pt").GetSingle() > 30), cut);
    }

    [Fact]
    public async Task Generate_Condition_ChangesTheEvents() =>
        Assert.NotEqual(await Bytes("process=gluino&mGluino=1400&n=5&seed=1"), await Bytes("process=gluino&mGluino=1500&n=5&seed=1"));

    [Fact]
    public async Task Generate_Npy_AnnouncesItsLengthAndName()
    {
        using var response = await _client.PostAsync("/generate?process=ttbar&n=3000&seed=9&first=5&format=npy", null);
        Assert.Equal("application/x-npy", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("ttbar-9-5-3000.npy", response.Content.Headers.ContentDisposition?.FileName?.Trim('"'));
        Assert.Equal((await response.Content.ReadAsByteArrayAsync()).Length, response.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("*/*", "application/x-ndjson")]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/x-ndjson")]
    [InlineData("application/x-npy", "application/x-npy")]
    [InlineData("text/*;q=0.5, application/x-npy;q=0.1", "text/csv")]
    public async Task Generate_Accept_ChoosesTheFormat(string accept, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate?process=ttbar&n=5");
        request.Headers.Add("Accept", accept);
        using var response = await _client.SendAsync(request);
        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Generate_AcceptOfSomethingElse_Returns406()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate?process=ttbar&n=5");
        request.Headers.Add("Accept", "image/png");
        await Problem.ExpectAsync(await _client.SendAsync(request), 406, "Accept is 'image/png', expected one of application/x-ndjson, text/csv, application/x-npy or */*.");
    }

    [Theory]
    [InlineData("", 400, "Neither process nor model is given, expected one of them, such as process=ttbar.")]
    [InlineData("process=ttbar&n=ten", 400, "n is 'ten', expected a whole number from 1, such as 1000, 1_000_000, 1e6, 10k or 2M.")]
    [InlineData("process=ttbar&n=0", 400, "n is '0', expected a whole number from 1")]
    [InlineData("process=ttbar&n=1.5", 400, "n is '1.5', expected a whole number")]
    [InlineData("process=ttbar&n=1__0", 400, "n is '1__0', expected a whole number")]
    [InlineData("process=ttbar&n=1e30", 400, "n is '1e30', expected a whole number")]
    [InlineData("process=ttbar&n=3M", 400, "n is 3000000, expected at most 2000000 a request.")]
    [InlineData("process=ttbar&first=-1", 400, "first is '-1', expected a whole number from 0")]
    [InlineData("process=ttbar&first=9223372036854775807", 400, "first is 9223372036854775807 and n is 1000, expected first + n of at most 9223372036854775807.")]
    [InlineData("process=ttbar&seed=-1", 400, "seed is '-1', expected a whole number from 0 to 18446744073709551615.")]
    [InlineData("process=ttbar&seed=1&seed=2", 400, "seed is given as '1' and as '2', expected one value.")]
    [InlineData("process=ttbar&format=root", 400, "Format 'root' not found. Known: jsonl, dm-csv, npy.")]
    [InlineData("process=ttbar&columns=Tau_pt", 400, "Column 'Tau_pt' not found. Known: weight, MET_pt, MET_phi, Jet")]
    [InlineData("process=ttbar&logDensity=maybe", 400, "logDensity is 'maybe', expected true or false.")]
    [InlineData("process=ttbar&cut=HT>100", 400, "The cut 'HT>100' names a column that there is not. Known: weight, MET_pt")]
    [InlineData("process=ttbar&format=npy&cut=nJet>1", 422, "The header of 'npy' needs the number of events")]
    [InlineData("process=ttbar&lumi=-3", 400, "lumi is '-3', expected a luminosity above 0 in 1/fb.")]
    [InlineData("process=ttbar&lumi=NaN", 400, "lumi is 'NaN', expected a number.")]
    [InlineData("process=ttbar&N=5", 400, "Parameter 'N' is not known. Known: process, model, version, alias, n, seed, first, columns, cut, logDensity, format, lumi, numerics.")]
    [InlineData("process=gluino&mSquark=5&mGluino=1400", 400, "Parameter 'mSquark' is not known. Known: process, model, version, alias, n, seed, first, columns, cut, logDensity, format, lumi, numerics, mGluino.")]
    [InlineData("process=gluino", 400, "mGluino is not given; this model needs it, 1000 to 2200 GeV")]
    [InlineData("process=ttbar&version=one", 400, "version is 'one', expected a number such as 1")]
    [InlineData("process=ttbar&version=1&alias=production", 400, "Both version 1 and alias 'production' are given")]
    [InlineData("process=ttbar&model=gan", 400, "Model 'gan' is of process 'zjets', not 'ttbar'.")]
    [InlineData("process=higgs", 404, "Process 'higgs' not found. Known: 'failing', 'gluino', 'slow', 'ttbar', 'zjets'.")]
    [InlineData("model=nsf", 404, "Model 'nsf' not found. Registered: 'failing', 'gan', 'gluino-analytic', 'slow', 'ttbar-analytic'.")]
    [InlineData("process=ttbar&version=9", 404, "Model 'ttbar-analytic' has no version 9. Registered: 1.")]
    [InlineData("process=ttbar&alias=candidate", 404, "Model 'ttbar-analytic' has no alias 'candidate'. Aliases: 'production'; versions: 1.")]
    [InlineData("process=gluino&mGluino=2500", 422, "mGluino is 2500 GeV, outside what this model was trained on: 1000 to 2200 GeV.")]
    [InlineData("process=zjets&logDensity=true", 422, "Model 'gan' (test-without-density) has no density")]
    [InlineData("process=ttbar&format=dm-csv&columns=Jet", 422, "'dm-csv' always holds whole events.")]
    [InlineData("process=ttbar&numerics=cuda-fp32-v1", 422, "Numerics profile 'cuda-fp32-v1' is not available here. Available: 'cpu-fp32-v2'.")]
    [InlineData("process=failing&first=3000&n=10", 500, "Event 3000 failed the validity filter 1000 times.")]
    public async Task Generate_WhatCannotBe_IsAProblemWithItsSentence(string query, int status, string sentence) =>
        await Problem.ExpectAsync(await _client.PostAsync($"/generate?{query}", null), status, sentence);

    [Theory]
    [InlineData("text/xml", "<a/>", 415, "The body is 'text/xml; charset=utf-8', expected 'application/json'")]
    [InlineData("application/json", "[1]", 400, "The body is a JSON Array, expected an object")]
    [InlineData("application/json", "{\"n\":", 400, "The body is not valid JSON")]
    [InlineData("application/json", "{\"n\":1,\"n\":2}", 400, "The body is not valid JSON")]
    [InlineData("application/json", "{\"n\":{}}", 400, "n is a JSON Object, expected a text")]
    public async Task Generate_WrongBody_IsAProblem(string type, string body, int status, string sentence)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        await Problem.ExpectAsync(await _client.PostAsync("/generate?process=ttbar", content), status, sentence);
    }

    [Theory]
    [InlineData("{\"process\":\"tt\u00b4\"}")]
    [InlineData("{\"proc\u00d5ess\":\"ttbar\"}")]
    public async Task Generate_BodyInAnotherEncoding_IsAProblem(string body)
    {
        using var content = new ByteArrayContent(Encoding.Latin1.GetBytes(body));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await Problem.ExpectAsync(await _client.PostAsync("/generate", content), 400, "The body is not valid JSON: a text in it is not UTF-8.");
    }

    [Fact]
    public async Task Generate_ChunkOfALengthThatNoNumberHolds_IsAProblem()
    {
        using var connection = new System.Net.Sockets.TcpClient(_client.BaseAddress!.Host, _client.BaseAddress.Port);
        var stream = connection.GetStream();
        await stream.WriteAsync("POST /generate?process=ttbar HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n"u8.ToArray());
        using var reader = new StreamReader(stream);
        Assert.Equal("HTTP/1.1 400 Bad Request", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Generate_BodyBeyondTheLimit_Returns413()
    {
        using var content = new StringContent($"{{\"process\":\"{new string('x', 5000)}\"}}", Encoding.UTF8, "application/json");
        await Problem.ExpectAsync(await _client.PostAsync("/generate", content), 413, "Request body too large.");
    }

    [Fact]
    public async Task Generate_EmptyForm_IsNoBody()
    {
        using var content = new ByteArrayContent([]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        using var response = await _client.PostAsync("/generate?process=ttbar&n=1", content);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("jsonl")]
    [InlineData("npy")]
    public async Task Generate_FailureMidStream_BreaksTheConnection(string format)
    {
        // Far beyond what is in flight at a time, so that the first bytes are out before event 3000 fails.
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/generate?process=failing&n=200k&format={format}");
        using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Generate_ClientGoesAway_TheWorkEnds()
    {
        using (var request = new HttpRequestMessage(HttpMethod.Post, "/generate?process=slow&n=1M&seed=3002"))
        using (var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await TestModels.SlowEventsBegunAsync(3002);
        }

        // At least 1954 chunks of 20 ms in all; after the break only those in flight may still begin.
        Assert.InRange(await TestModels.SlowEventsAtRestAsync(3002), 1, 500_000);
    }

    [Fact]
    public async Task Generate_ClientThatReadsNothing_IsCutOffAndItsPlaceIsFree()
    {
        using var impatient = new RunningService(workers: 1, settings: [("StallSeconds", "1"), ("QueueLength", "1")]);
        using var client = impatient.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/generate?process=ttbar&n=2M&seed=3005");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);

        for (var tries = 0; (await client.PostAsync("/generate?process=ttbar&n=2000", null)).StatusCode != HttpStatusCode.OK; tries++)
        {
            Assert.True(tries < 100, "The place of a client that reads nothing is not given back.");
            await Task.Delay(200);
        }

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsByteArrayAsync());
    }

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    private static string[] Lines(byte[] body) => Encoding.UTF8.GetString(body).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The answer cut into one text an event.</summary>
    private static IEnumerable<string> Records(string format, byte[] body)
    {
        if (format != "npy")
        {
            return Lines(body);
        }

        var table = new NpyTable(body);
        return Enumerable.Range(0, table.Count).Select(row => string.Join(';', table.Numbers(row).Select(x => $"{x:R}")));
    }

    private async Task<byte[]> Bytes(string query)
    {
        using var response = await _client.PostAsync($"/generate?{query}", null);
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.IsSuccessStatusCode, Encoding.UTF8.GetString(body));
        return body;
    }
}

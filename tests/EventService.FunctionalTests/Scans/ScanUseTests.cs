using System.CommandLine;
using System.Text;
using System.Text.Json;

using EventService.Cli;
using EventService.Client;
using EventService.Contracts.V1;
using EventService.FunctionalTests.Grpc;
using EventService.FunctionalTests.Jobs;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests.Scans;

/// <summary>
/// What is done with streams of several points: kept in jobs, verified, resumed, histogrammed, asked for densities, written by the command
/// line.
/// </summary>
public sealed class ScanUseTests(ScanService service) : IClassFixture<ScanService>, IDisposable
{
    private readonly HttpClient _rest = service.CreateClient();
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-scan-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("process=zprime&mZp=2500,3000,3500&seed=5&first=3&n=3000&format=npy&lumi=140")]
    [InlineData("process=zprime&mZp=uniform(2000,4000)&seed=5&n=3000&format=jsonl")]
    [InlineData("process=squark&mSquark=1800,2000&mLSP=uniform(100,200,20)&seed=5&n=2000&format=jsonl&cut=nJet>=2&columns=mLSP,mSquark,Jet_pt")]
    public async Task Receipt_OfAScan_IsVerifiedAndAChangedFileIsNot(string query)
    {
        using var response = await _rest.PostAsync($"/generate?{query}", null);
        var (file, receipt) = (await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(), response.Headers.GetValues("EventService-Receipt").Single());
        Assert.True((await VerifyAsync(receipt, file)).GetProperty("verified").GetBoolean());
        file[^20] ^= 1;
        Assert.False((await VerifyAsync(receipt, file)).GetProperty("verified").GetBoolean());
        var other = receipt.Replace("2500,3000", "2500,3001", StringComparison.Ordinal).Replace("uniform(2000,", "uniform(2001,", StringComparison.Ordinal).Replace("uniform(100,", "uniform(101,", StringComparison.Ordinal);
        Assert.False((await VerifyAsync(other, file)).GetProperty("verified").GetBoolean());
    }

    [Fact]
    public async Task Job_OfAScan_GivesTheFilesOfTheStream()
    {
        const string query = "process=zprime&mZp=2000,3000&seed=5&first=1&n=2500&format=jsonl&lumi=3";
        var job = await _rest.SubmitAsync($"{query}&eventsPerPart=1000");
        await _rest.WaitAsync(job.Id(), "done");
        var parts = await _rest.DownloadAsync(job.Id());
        Assert.Equal(3, parts.Count);
        Assert.Equal(await _rest.GenerateAsync(query), parts.SelectMany(p => p));
        var receipt = (await _rest.JsonAsync($"/jobs/{job.Id()}/manifest")).GetProperty("receipt");
        Assert.Equal([1250L, 1250], receipt.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("n").GetInt64()));
    }

    [Fact]
    public async Task Stream_CutOnTheWay_GoesOnWithItsPoints()
    {
        const int n = 30_000;
        using var whole = new ScanClient(service, Transport.Rest);
        var masses = (await whole.GenerateAsync($"process=zprime&mZp=uniform(2000,4000,100)&seed=5&n={n}")).Column("mZp");

        await using var proxy = new CuttingProxy(service.GrpcAddress, [20_000, 90_000, 150_000]);
        using var client = new EventServiceClient(proxy.Address, new EventServiceClientOptions { FirstPause = TimeSpan.FromMilliseconds(1), LongestPause = TimeSpan.FromMilliseconds(20), Retries = 5 });
        using var stream = await client.GenerateAsync(new GenerateRequest { Process = "zprime", Seed = 5, N = n, Scan = { ["mZp"] = "uniform(2000,4000,100)" } });
        var found = new List<float>();
        await foreach (var block in stream.ReadAllAsync())
        {
            found.AddRange(block.Scalar(1));
        }

        Assert.Equal(masses, found);
        Assert.True(stream.Resumptions > 0);
        Assert.Equal("uniform(2000,4000,100)", stream.Receipt.Scan["mZp"]);
    }

    [Fact]
    public async Task Histogram_OfAScan_CountsItsMasses()
    {
        var histogram = await _rest.PostJsonAsync("/histogram", """{"process":"zprime","mZp":"2000,2500,3000","n":300,"column":"mZp","bins":3,"range":"1750,3250","seed":"5"}""").JsonAsync();
        Assert.Equal("[100,100,100]", histogram.GetProperty("counts").GetRawText());
        Assert.Equal("GeV", histogram.GetProperty("unit").GetString());
    }

    [Theory]
    [InlineData("jsonl")]
    [InlineData("npy")]
    public async Task Density_WithTheMassInEachEvent_IsThatUnderItsMass(string format)
    {
        using var client = new ScanClient(service, Transport.Rest);
        var events = await client.GenerateAsync("process=zprime&mZp=2000,3000&seed=5&n=700");
        using var body = new ByteArrayContent(await _rest.PostForBytesAsync($"/generate?process=zprime&mZp=2000,3000&seed=5&n=700&format={format}"));
        using var response = await _rest.PostAsync("/density?process=zprime", body);
        var lines = (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l)).ToArray();
        Assert.Equal(700, lines.Length);
        var (x, masses) = (events.Column("x"), events.Column("mZp"));
        for (var k = 0; k < lines.Length; k++)
        {
            // As printed the column is the shortest decimal, which is another double: 1e-6 of some tens of nat.
            Assert.Equal(events.Events[k].Number, lines[k].GetProperty("event").GetInt64());
            Assert.Equal(AnalyticTable.LogDensity(x[k], masses[k]), lines[k].GetProperty("logDensity").GetDouble(), 1e-4);
        }
    }

    [Fact]
    public async Task Density_OverGrpcWithTheMassInEachEvent_IsThatUnderItsMass()
    {
        using var client = new EventServiceClient(service.GrpcAddress);
        using var stream = await client.GenerateAsync(new GenerateRequest { Process = "zprime", N = 500, Seed = 5, Scan = { ["mZp"] = "2000,3000" }, Columns = { "x", "mZp" } });
        var blocks = new List<EventColumns>();
        await foreach (var block in stream.ReadAllAsync())
        {
            blocks.Add(block);
        }

        var found = new List<double>();
        await foreach (var densities in client.DensityAsync(new DensityStart { Process = "zprime", Schema = stream.Schema }, blocks.ToAsyncEnumerable()))
        {
            found.AddRange(densities.LogDensities());
        }

        var expected = blocks.SelectMany(b => Enumerable.Range(0, b.Count).Select(k => AnalyticTable.LogDensity(b.Scalar(0)[k], b.Scalar(1)[k]))).ToArray();
        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData("{\"x\":5}", 400, "line 1, column")]
    [InlineData("{\"x\":5,\"mZp\":2000}\n{\"x\":5,\"mZp\":9000}", 422, "Event 1: mZp is 9000 GeV, outside what this model was trained on: 2000 to 4000 GeV.")]
    public async Task Density_WithoutAMassThatCanBe_IsRefused(string body, int status, string sentence)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/x-ndjson");
        using var response = await _rest.PostAsync("/density?process=zprime", content);
        var problem = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(sentence, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mZp=2500,3000")]
    [InlineData("mZp=uniform(2000,4000)")]
    public async Task CommandLine_HereAndAtAServer_GivesTheBytesOfRest(string condition)
    {
        var (here, there) = (Path.Combine(_folder, "here.jsonl"), Path.Combine(_folder, "there.jsonl"));
        var model = Path.Combine(_folder, "zprime.safetensors");
        File.Copy(Path.Combine(service.ModelsFolder, "zprime.safetensors"), model);
        string[] asked = ["generate", "--models", _folder, "--process", "zprime", "--condition", condition, "-n", "2k", "--seed", "11"];
        using var error = new StringWriter();
        var root = new RootCommand { Cli.Generate.Command(TestModels.Load) };
        Assert.Equal(0, await Terminal.RunAsync(root, [.. asked, "-o", here], error));
        Assert.Equal(0, await Terminal.RunAsync(root, [.. asked, "-o", there, "--server", $"{service.GrpcAddress}"], error));
        var served = await _rest.PostForTextAsync($"/generate?process=zprime&{condition}&n=2k&seed=11");
        Assert.Equal(served, await File.ReadAllTextAsync(here));
        Assert.Equal(served, await File.ReadAllTextAsync(there));
    }

    private Task<JsonElement> VerifyAsync(string receipt, byte[] file)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/receipts/verify") { Content = new ByteArrayContent(file) };
        request.Headers.Add("EventService-Receipt", receipt);
        return _rest.SendAsync(request).JsonAsync();
    }
}

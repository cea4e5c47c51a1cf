using System.CommandLine;
using System.Text;
using System.Text.Json;

using EventService.Cli;
using EventService.Client;
using EventService.Contracts.V1;
using EventService.FunctionalTests.Jobs;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests.Scans;

/// <summary>
/// A model whose parameter has an alternative, mChargino = 100 GeV + 2100 GeV eps: whatever takes the one takes the other.
/// </summary>
public sealed class AlternativeTests(ScanService service) : IClassFixture<ScanService>, IDisposable
{
    private readonly HttpClient _rest = service.CreateClient();
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-alternative-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>By hand: (1045 - 100) / 2100 = 0.45.</summary>
    public static TheoryData<Transport, string, string> Same
    {
        get
        {
            var same = new TheoryData<Transport, string, string>();
            foreach (var transport in new[] { Transport.Rest, Transport.Grpc })
            {
                same.Add(transport, "mChargino=1150", "eps=0.5");
                same.Add(transport, "mChargino=1045", "eps=0.45");
                same.Add(transport, "mChargino=625,1150", "eps=0.25,0.5");
                same.Add(transport, "mChargino=uniform(625,1675)", "eps=uniform(0.25,0.75)");
                same.Add(transport, "mChargino=uniform(625,1675,105)", "eps=uniform(0.25,0.75,0.05)");
                same.Add(transport, "mChargino=choice(1150:1,1675:3)", "eps=choice(0.5:1,0.75:3)");
            }

            return same;
        }
    }

    [Theory]
    [MemberData(nameof(Same))]
    public async Task Generate_ByTheAlternative_GivesBitsAndReceiptOfTheParameter(Transport transport, string alternative, string parameter)
    {
        using var client = new ScanClient(service, transport);
        var (found, expected) = (await client.GenerateAsync($"process=mixing&{alternative}&seed=5&n=300&lumi=3"), await client.GenerateAsync($"process=mixing&{parameter}&seed=5&n=300&lumi=3"));
        Assert.Equal(300, found.Events.Count);
        Assert.Equal(expected.Events.Select(e => e.Bits()), found.Events.Select(e => e.Bits()));
        Assert.Equal(expected.Receipt.GetRawText(), found.Receipt.GetRawText());
    }

    [Theory]
    [InlineData("mChargino=1150", "npy")]
    [InlineData("mChargino=1000", "jsonl")]
    [InlineData("mChargino=700,800,1000", "npy")]
    [InlineData("mChargino=uniform(700,1000)", "jsonl")]
    [InlineData("mChargino=uniform(650,700,50)", "jsonl")]
    [InlineData("mChargino=choice(700:1,1000:2)", "npy")]
    public async Task Receipt_OfTheAlternative_IsVerified(string condition, string format)
    {
        using var response = await _rest.PostAsync($"/generate?process=mixing&{condition}&seed=5&first=3&n=700&format={format}", null);
        var (file, receipt) = (await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(), response.Headers.GetValues("EventService-Receipt").Single());
        Assert.True((await VerifyAsync(receipt, file)).GetProperty("verified").GetBoolean());
        file[^20] ^= 1;
        Assert.False((await VerifyAsync(receipt, file)).GetProperty("verified").GetBoolean());
    }

    [Fact]
    public async Task Receipt_OfOneValue_HasParameterAndAlternative()
    {
        var receipt = await ReceiptAsync("mChargino=1045");
        Assert.Equal("""{"eps":0.45}""", receipt.GetProperty("condition").GetRawText());
        Assert.Equal("""{"mChargino":1045}""", receipt.GetProperty("alternative").GetRawText());

        // 900 / 2100 = 3 / 7 has no end.
        receipt = await ReceiptAsync("mChargino=1000");
        Assert.Equal(3.0 / 7, receipt.GetProperty("condition").GetProperty("eps").GetDouble());
        Assert.Equal("""{"mChargino":1000}""", receipt.GetProperty("alternative").GetRawText());
    }

    [Fact]
    public async Task Receipt_OfSeveralPoints_HasTheAlternativeOfEach()
    {
        var receipt = await ReceiptAsync("mChargino=625,1150");
        Assert.Equal("""{"eps":"0.25,0.5"}""", receipt.GetProperty("scan").GetRawText());
        Assert.False(receipt.TryGetProperty("alternative", out _));
        Assert.Equal(["""{"mChargino":625}""", """{"mChargino":1150}"""], receipt.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("alternative").GetRawText()));

        using var client = new EventServiceClient(service.GrpcAddress);
        using var several = await client.GenerateAsync(new GenerateRequest { Process = "mixing", N = 2, Scan = { ["mChargino"] = "625,1150" } });
        Assert.Equal([625.0, 1150], several.Receipt.Points.Select(p => p.Alternative["mChargino"]));
        using var one = await client.GenerateAsync(new GenerateRequest { Process = "mixing", N = 2, Condition = { ["mChargino"] = 1150 } });
        Assert.Equal((0.5, 1150.0), (one.Receipt.Condition["eps"], one.Receipt.Alternative["mChargino"]));
    }

    [Fact]
    public async Task Receipt_OfAModelWithoutAlternatives_HasNone()
    {
        using var client = new ScanClient(service, Transport.Rest);
        Assert.False((await client.GenerateAsync("process=zprime&mZp=2500&n=2")).Receipt.TryGetProperty("alternative", out _));
        Assert.False((await client.GenerateAsync("process=zprime&mZp=2500,3000&n=2")).Receipt.GetProperty("points")[0].TryGetProperty("alternative", out _));
    }

    [Fact]
    public async Task DensityHistogramAndJob_ByTheAlternative_AreThoseOfTheParameter()
    {
        Assert.Equal(await DensitiesAsync("eps=0.45"), await DensitiesAsync("mChargino=1045"));
        Assert.Equal(await HistogramAsync("eps=0.45"), await HistogramAsync("mChargino=1045"));

        var job = await _rest.SubmitAsync("process=mixing&mChargino=625,1150&seed=5&n=900&format=jsonl&eventsPerPart=500");
        await _rest.WaitAsync(job.Id(), "done");
        Assert.Equal(await _rest.GenerateAsync("process=mixing&eps=0.25,0.5&seed=5&n=900&format=jsonl"), (await _rest.DownloadAsync(job.Id())).SelectMany(p => p));

        async Task<string> DensitiesAsync(string condition)
        {
            using var body = new StringContent("{\"x\":0.02}\n{\"x\":0.1}", Encoding.UTF8, "application/x-ndjson");
            return Encoding.UTF8.GetString(await _rest.PostAsync($"/density?process=mixing&{condition}", body).BytesAsync());
        }

        Task<string> HistogramAsync(string condition) => _rest.PostForTextAsync($"/histogram?process=mixing&{condition}&column=x&seed=5&n=500");
    }

    [Fact]
    public async Task Density_OverGrpcByTheAlternative_IsThatOfTheParameter()
    {
        using var client = new EventServiceClient(service.GrpcAddress);
        using var stream = await client.GenerateAsync(new GenerateRequest { Process = "mixing", N = 100, Seed = 5, Condition = { ["eps"] = 0.45 } });
        var blocks = new List<EventColumns>();
        await foreach (var block in stream.ReadAllAsync())
        {
            blocks.Add(block);
        }

        Assert.Equal(await DensitiesAsync("eps", 0.45), await DensitiesAsync("mChargino", 1045));

        async Task<List<double>> DensitiesAsync(string name, double value)
        {
            var found = new List<double>();
            await foreach (var densities in client.DensityAsync(new DensityStart { Process = "mixing", Schema = stream.Schema, Condition = { [name] = value } }, blocks.ToAsyncEnumerable()))
            {
                found.AddRange(densities.LogDensities());
            }

            return found;
        }
    }

    [Theory]
    [InlineData("mChargino=1045", "eps=0.45")]
    [InlineData("mChargino=uniform(625,1675,105)", "eps=uniform(0.25,0.75,0.05)")]
    public async Task CommandLine_HereAndAtAServer_GivesTheBytesOfTheParameter(string alternative, string parameter)
    {
        var (here, there) = (Path.Combine(_folder, "here.jsonl"), Path.Combine(_folder, "there.jsonl"));
        File.Copy(Path.Combine(service.ModelsFolder, "mixing.safetensors"), Path.Combine(_folder, "mixing.safetensors"));
        string[] asked = ["generate", "--models", _folder, "--process", "mixing", "--condition", alternative, "-n", "500", "--seed", "11"];
        using var error = new StringWriter();
        var root = new RootCommand { Cli.Generate.Command(TestModels.Load) };
        Assert.Equal(0, await Terminal.RunAsync(root, [.. asked, "-o", here], error));
        Assert.Equal(0, await Terminal.RunAsync(root, [.. asked, "-o", there, "--server", $"{service.GrpcAddress}"], error));
        var served = await _rest.PostForTextAsync($"/generate?process=mixing&{parameter}&n=500&seed=11");
        Assert.Equal(served, await File.ReadAllTextAsync(here));
        Assert.Equal(served, await File.ReadAllTextAsync(there));
    }

    public static TheoryData<Transport, string, int, string> Refusals
    {
        get
        {
            (string Query, int Status, string Sentence)[] refusals =
            [
                ("eps=0.5&mChargino=1150", 400, "eps is given as '0.5' and mChargino as '1150', expected one of them: mChargino = 100 + 2100 eps."),
                ("n=5", 400, "eps or mChargino is not given; this model needs it, 0.25 to 0.75 (mChargino 625 to 1675 GeV): Mass mixing."),
                ("mChargino=heavy", 400, "mChargino is 'heavy', expected a number, several with commas between, uniform(FROM,TO) or choice(VALUE:WEIGHT,...)."),
                ("mChargino=uniform(1675,625)", 400, "mChargino is 'uniform(1675,625)', expected uniform(FROM,TO)"),
                ("mChargino=1780", 422, "eps is 0.8 (mChargino is 1780 GeV), outside what this model was trained on: 0.25 to 0.75 (mChargino 625 to 1675 GeV). The nearest point that it has is eps=0.75 (mChargino=1675)."),
                ("mChargino=1150,520", 422, "eps is 0.2 (mChargino is 520 GeV), outside"),
                ("mChargino=1e300", 422, "eps is 4.76190476E+296 (mChargino is 1E+300 GeV), outside"),
            ];
            var all = new TheoryData<Transport, string, int, string>();
            foreach (var (query, status, sentence) in refusals)
            {
                all.Add(Transport.Rest, query, status, sentence);
                all.Add(Transport.Grpc, query, status, sentence);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Generate_WhatCannotBe_IsRefusedWithItsSentence(Transport transport, string query, int status, string sentence)
    {
        using var client = new ScanClient(service, transport);
        var (found, detail) = await client.RefusalAsync($"process=mixing&{query}");
        Assert.Equal(status, found);
        Assert.StartsWith(sentence, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_AnUnknownName_ListsTheAlternativeToo()
    {
        using var response = await _rest.PostAsync("/generate?process=mixing&mGluino=2200", null);
        Assert.EndsWith(", eps, mChargino.", (JsonElement.Parse(await response.Content.ReadAsStringAsync())).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Density_OfSeveralOrBoth_IsRefused()
    {
        using var list = new StringContent("{\"x\":0.02}", Encoding.UTF8, "application/x-ndjson");
        await Problem.ExpectAsync(await _rest.PostAsync("/density?process=mixing&mChargino=625,1150", list), 400, "mChargino is '625,1150', expected a number.");
        using var both = new StringContent("{\"x\":0.02}", Encoding.UTF8, "application/x-ndjson");
        await Problem.ExpectAsync(await _rest.PostAsync("/density?process=mixing&mChargino=1150&eps=0.5", both), 400, "eps is given as '0.5' and mChargino as '1150', expected one of them");
    }

    [Fact]
    public async Task GetProcesses_OfBothTransports_ShowsTheAlternativeInItsUnits()
    {
        var model = (await _rest.JsonAsync("/processes")).EnumerateArray().Single(p => p.GetProperty("process").GetString() == "mixing").GetProperty("models")[0];
        Assert.Equal("""{"name":"mChargino","unit":"GeV","description":"Mass of the chargino","minimum":625,"maximum":1675,"trained":[625,1675]}""", model.GetProperty("parameters")[0].GetProperty("alternative").GetRawText());
        Assert.Equal("0.25 to 0.75 (mChargino 625 to 1675 GeV)", model.GetProperty("hull").GetProperty("text").GetString());

        using var client = new EventServiceClient(service.GrpcAddress);
        var processes = await client.ListProcessesAsync();
        var alternative = processes.Single(p => p.Process == "mixing").Models.Single().Parameters.Single().Alternative;
        Assert.Equal(("mChargino", "GeV", "Mass of the chargino", 625.0, 1675.0), (alternative.Name, alternative.Unit, alternative.Description, alternative.Minimum, alternative.Maximum));
        Assert.Equal([625.0, 1675], alternative.Trained);
        Assert.Null(processes.Single(p => p.Process == "zprime").Models.Single().Parameters.Single().Alternative);
    }

    private async Task<JsonElement> ReceiptAsync(string condition)
    {
        using var response = await _rest.PostAsync($"/generate?process=mixing&{condition}&n=10", null);
        return JsonElement.Parse(response.EnsureSuccessStatusCode().Headers.GetValues("EventService-Receipt").Single());
    }

    private Task<JsonElement> VerifyAsync(string receipt, byte[] file)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/receipts/verify") { Content = new ByteArrayContent(file) };
        request.Headers.Add("EventService-Receipt", receipt);
        return _rest.SendAsync(request).JsonAsync();
    }
}

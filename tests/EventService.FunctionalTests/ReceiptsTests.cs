using System.CommandLine;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

using EventService.Cli;
using EventService.FunctionalTests.Jobs;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests;

/// <summary>Receipts against files: what agrees, what does not and where.</summary>
[Collection(ServiceCollection.Name)]
public sealed class ReceiptsTests(RunningService service)
{
    private readonly HttpClient _client = service.CreateClient();

    [Theory]
    [InlineData("process=ttbar&seed=7&n=3000&first=11&format=npy")]
    [InlineData("process=gluino&mGluino=1400.5&n=3000&format=jsonl&columns=Jet,MET_pt&cut=nJet>=2&logDensity=true&lumi=3")]
    [InlineData("process=ttbar&seed=18446744073709551615&n=2000&format=dm-csv")]
    public async Task Verify_OfWhatWasGenerated_IsVerified(string query)
    {
        var (file, receipt) = await GenerateAsync(query);
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(file));

        var byFile = await VerifyAsync(receipt, file);
        Assert.True(byFile.GetProperty("verified").GetBoolean(), byFile.ToString());
        Assert.Equal("file", byFile.GetProperty("compared").GetString());
        Assert.Equal((file.Length, sha256), (byFile.GetProperty("checked").GetProperty("bytes").GetInt32(), byFile.GetProperty("checked").GetProperty("sha256").GetString()));
        Assert.Empty(byFile.GetProperty("notes").EnumerateArray());

        var byDigest = await _client.PostJsonAsync($"/receipts/verify?bodySha256={sha256.ToUpperInvariant()}", receipt).JsonAsync();
        Assert.True(byDigest.GetProperty("verified").GetBoolean(), byDigest.ToString());
        Assert.Equal("digest", byDigest.GetProperty("compared").GetString());

        var alone = await _client.PostJsonAsync("/receipts/verify", receipt).JsonAsync();
        Assert.True(alone.GetProperty("verified").GetBoolean(), alone.ToString());
        Assert.Equal(("nothing", 1000), (alone.GetProperty("compared").GetString(), alone.GetProperty("checked").GetProperty("n").GetInt32()));
    }

    [Fact]
    public async Task Verify_OfAPart_IsThatOfItsRange()
    {
        var (_, receipt) = await GenerateAsync("process=ttbar&seed=7&n=3000&format=npy");
        var part = await _client.GenerateAsync("process=ttbar&seed=7&first=1000&n=500&format=npy");
        Assert.True((await VerifyAsync(receipt, part, "?first=1000&n=500")).GetProperty("verified").GetBoolean());
        Assert.False((await VerifyAsync(receipt, part, "?first=1001&n=500")).GetProperty("verified").GetBoolean());
        await Problem.ExpectAsync(await SendAsync(receipt, part, "?first=2600&n=500"), 400, "Events 2600 to 3099 are asked for, expected a part of those of the receipt, 0 to 2999.");
        await Problem.ExpectAsync(await SendAsync(receipt, part, "?first=2600"), 400, "Of first and n only one is given");
    }

    [Theory]
    [InlineData("jsonl", "in event 567 (line 568 of its events).")]
    [InlineData("dm-csv", "in event 567 (line 568 of its events).")]
    [InlineData("npy", "in event 567.")]
    public async Task Verify_OfAFileWithOneChangedBit_SaysWhere(string format, string place)
    {
        var (file, receipt) = await GenerateAsync($"process=ttbar&seed=7&n=1000&format={format}");
        var start = format == "npy"
            ? file.Length - (int)((long)(1000 - 567) * ((file.Length - (await _client.GenerateAsync($"process=ttbar&seed=7&n=1&format=npy")).Length) / 999))
            : LinesBefore(file, 567);
        var at = start + 20;
        file[at] ^= 1;
        var verdict = await VerifyAsync(receipt, file);
        Assert.False(verdict.GetProperty("verified").GetBoolean());
        Assert.Equal($"The file differs from byte {at} on, {place}", Assert.Single(verdict.GetProperty("differences").EnumerateArray()).GetString());
        Assert.Equal(JsonValueKind.Null, verdict.GetProperty("checked").GetProperty("sha256").ValueKind);

        var digest = await _client.PostJsonAsync($"/receipts/verify?bodySha256={Convert.ToHexStringLower(SHA256.HashData(file))}", receipt).JsonAsync();
        Assert.StartsWith("The sha256 is ", Assert.Single(digest.GetProperty("differences").EnumerateArray()).GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("seed", "\"8\"", "The file differs from byte ")]
    [InlineData("first", "1", "The file differs from byte ")]
    [InlineData("n", "999", "The file goes on behind the ")]
    [InlineData("n", "1001", "The file ends after ")]
    [InlineData("crossSectionPb", "501", "crossSectionPb is 501 in the receipt, expected 500 of this model.")]
    [InlineData("process", "\"zjets\"", "process is \"zjets\" in the receipt, expected \"ttbar\" of this model.")]
    [InlineData("condition", "{\"mGluino\":1500}", "condition is {\"mGluino\":1500} in the receipt, expected {} of this model.")]
    [InlineData("format", "\"root\"", "These events cannot be made: Format 'root' not found.")]
    [InlineData("numerics", "\"cuda-fp32-v1\"", "Numerics profile 'cuda-fp32-v1' is not available here. Available: 'cpu-fp32-v2'.")]
    [InlineData("sha256", "\"0123\"", "No model with the sha256 0123 is registered here (the receipt calls it 'ttbar-analytic', version 1).")]
    public async Task Verify_OfAReceiptThatWasChanged_SaysWhatDiffers(string name, string value, string sentence)
    {
        var (file, receipt) = await GenerateAsync("process=ttbar&seed=7&n=1000&format=jsonl");
        var verdict = await VerifyAsync(Changed(receipt, name, value), file);
        Assert.False(verdict.GetProperty("verified").GetBoolean(), verdict.ToString());
        Assert.StartsWith(sentence, Assert.Single(verdict.GetProperty("differences").EnumerateArray()).GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serviceVersion", "\"0.0.9\"", "The receipt is of service version \"0.0.9\", this is ")]
    [InlineData("version", "7", "version is 7 in the receipt and 1 here; the sha256 says that the model is the same.")]
    public async Task Verify_OfWhatChangesNoBit_IsVerifiedWithANote(string name, string value, string note)
    {
        var (file, receipt) = await GenerateAsync("process=ttbar&seed=7&n=300&format=jsonl");
        var verdict = await VerifyAsync(Changed(receipt, name, value), file);
        Assert.True(verdict.GetProperty("verified").GetBoolean(), verdict.ToString());
        Assert.StartsWith(note, Assert.Single(verdict.GetProperty("notes").EnumerateArray()).GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_OfAStreamOverGrpc_MakesTheEventsAgainAndComparesNoFile()
    {
        using var channel = new EventService.Client.EventServiceClient(service.GrpcAddress);
        using var stream = await channel.GenerateAsync(new Contracts.V1.GenerateRequest { Process = "ttbar", N = 500, Seed = 7, Cut = "nJet>=2" });
        var verdict = await _client.PostJsonAsync("/receipts/verify", stream.Receipt.Json).JsonAsync();
        Assert.True(verdict.GetProperty("verified").GetBoolean(), verdict.ToString());
        Assert.StartsWith("The receipt is of a stream over gRPC", Assert.Single(verdict.GetProperty("notes").EnumerateArray()).GetString(), StringComparison.Ordinal);
        await Problem.ExpectAsync(await SendAsync(stream.Receipt.Json, [1, 2, 3]), 400, "The receipt is of a stream over gRPC, whose messages are no file.");
    }

    [Fact]
    public async Task Verify_OfWhatIsNoReceipt_IsAProblem()
    {
        await Problem.ExpectAsync(await _client.PostJsonAsync("/receipts/verify", "{}"), 400, "The receipt cannot be read, expected the JSON of the header EventService-Receipt, whole: ");
        await Problem.ExpectAsync(await _client.PostJsonAsync("/receipts/verify", "null"), 400, "The receipt cannot be read");
        await Problem.ExpectAsync(await _client.PostJsonAsync("/receipts/verify?bodySha256=12", "{}"), 400, "bodySha256 is '12', expected 64 hexadecimal digits");
        using var form = new MultipartFormDataContent { { new ByteArrayContent([1]), "file", "events.npy" } };
        await Problem.ExpectAsync(await _client.PostAsync("/receipts/verify", form), 415, "The body is a form, expected the bytes of the file");
        var (_, receipt) = await GenerateAsync("process=ttbar&seed=7&n=300&format=jsonl");
        await Problem.ExpectAsync(await _client.PostJsonAsync("/receipts/verify", Changed(receipt, "condition", "null")), 400, "The receipt cannot be read");
        await Problem.ExpectAsync(await SendAsync(receipt, new byte[1_000_001], expectContinue: true), 413, "Request body too large.");
    }

    [Fact]
    public async Task VerifyCommand_LocallyAndOnAServer_SaysTheSame()
    {
        var folder = Directory.CreateTempSubdirectory("eventservice-verify-").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "a.safetensors"), TestModels.Bytes("ttbar-analytic", "ttbar"));
            var (bytes, text) = await GenerateAsync("process=ttbar&seed=7&n=3000&format=npy");
            var (file, receipt) = (Path.Combine(folder, "e.npy"), Path.Combine(folder, "receipt.json"));
            await File.WriteAllBytesAsync(file, bytes);
            await File.WriteAllTextAsync(receipt, text);
            string[] local = ["verify", file, "--receipt", receipt, "--models", folder];
            string[] remote = ["verify", file, "--receipt", receipt, "--server", _client.BaseAddress!.ToString()];
            var good = $"verified: 3000 events from 0, {bytes.Length} bytes, sha256 {Convert.ToHexStringLower(SHA256.HashData(bytes))}\n";
            Assert.Equal((0, good), await RunAsync(local));
            Assert.Equal((0, good), await RunAsync(remote));

            bytes[^1] ^= 1;
            await File.WriteAllBytesAsync(file, bytes);
            var bad = $"not verified\nThe file differs from byte {bytes.Length - 1} on, in event 2999.\n";
            Assert.Equal((1, bad), await RunAsync(local));
            Assert.Equal((1, bad), await RunAsync(remote));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await Terminal.RunAsync(new RootCommand { Verify.Command(TestModels.Load) }, arguments, error, output);
        Assert.Equal("", error.ToString());
        return (code, output.ToString());
    }

    private static string Changed(string receipt, string name, string value)
    {
        var json = JsonNode.Parse(receipt)!.AsObject();
        json[name] = JsonNode.Parse(value);
        return json.ToJsonString();
    }

    /// <summary>Where this many lines end.</summary>
    private static int LinesBefore(byte[] file, int lines)
    {
        var at = 0;
        for (var k = 0; k < lines; k++)
        {
            at = Array.IndexOf(file, (byte)'\n', at) + 1;
        }

        return at;
    }

    private async Task<(byte[] File, string Receipt)> GenerateAsync(string query)
    {
        using var response = await _client.PostAsync($"/generate?{query}", null);
        return (await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(), response.Headers.GetValues("EventService-Receipt").Single());
    }

    private Task<JsonElement> VerifyAsync(string receipt, byte[] file, string query = "") => SendAsync(receipt, file, query).JsonAsync();

    private Task<HttpResponseMessage> SendAsync(string receipt, byte[] file, string query = "", bool expectContinue = false)
    {
        // As curl --data-binary does.
        var content = new ByteArrayContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded");
        var request = new HttpRequestMessage(HttpMethod.Post, $"/receipts/verify{query}") { Content = content };
        request.Headers.Add("EventService-Receipt", receipt);
        request.Headers.ExpectContinue = expectContinue; // as curl does with a large body
        return _client.SendAsync(request);
    }
}

using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace EventService.FunctionalTests;

[Collection(ServiceCollection.Name)]
public sealed class DensityTests(RunningService service)
{
    private const string OneJet = "7;ttbar;2.5;30000;0.5;j,110000,100000,0,1\n";
    private const string OutOfSupport = "8;ttbar;2.5;30000;0.5;j,110000,100000,4,1\n";

    private readonly HttpClient _client = service.CreateClient();

    [Theory]
    [InlineData("jsonl", "application/x-ndjson")]
    [InlineData("npy", "application/x-npy")]
    [InlineData("dm-csv", "text/csv")]
    public async Task Density_OfGeneratedEvents_IsWhatTheSamplerKnew(string format, string contentType)
    {
        using var generated = await _client.PostAsync($"/generate?process=ttbar&seed=5&n=1500&format={format}", null);
        using var known = await _client.PostAsync("/generate?process=ttbar&seed=5&n=1500&format=npy&logDensity=true&columns=weight", null);
        var expected = new NpyTable(await known.Content.ReadAsByteArrayAsync());

        var lines = Lines(await Post("process=ttbar", await generated.Content.ReadAsByteArrayAsync(), contentType));

        Assert.Equal(1500, lines.Length);
        for (var k = 0; k < lines.Length; k++)
        {
            Assert.Equal(k, lines[k].GetProperty("event").GetInt64());
            // Six digits of float32 in each of up to some twenty numbers.
            Assert.Equal(expected.Number(k, "logDensity"), lines[k].GetProperty("logDensity").GetDouble(), 1e-2);
            Assert.Equal(0.01, lines[k].GetProperty("error").GetDouble());
            Assert.Equal(JsonValueKind.Null, lines[k].GetProperty("reason").ValueKind);
        }
    }

    [Fact]
    public async Task Density_OfAnEventOutsideTheSupport_IsNullWithAReasonInJson()
    {
        var lines = Lines(await Post("process=ttbar", Encoding.UTF8.GetBytes(OneJet + OutOfSupport)));
        Assert.Equal(JsonValueKind.Number, lines[0].GetProperty("logDensity").ValueKind);
        Assert.Equal(8, lines[1].GetProperty("event").GetInt64());
        Assert.Equal(JsonValueKind.Null, lines[1].GetProperty("logDensity").ValueKind);
        Assert.Equal("object 1 is outside the model's support", lines[1].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Density_OfAnEventOutsideTheSupport_IsMinusInfinityInNpy()
    {
        using var response = await Post("process=ttbar&format=npy", Encoding.UTF8.GetBytes(OneJet + OutOfSupport));
        var body = await response.Content.ReadAsByteArrayAsync();
        Assert.Equal(body.Length, response.Content.Headers.ContentLength);
        var table = new NpyTable(body);
        Assert.Equal(2, table.Count);
        Assert.True(double.IsFinite(table.Number(0, "logDensity")));
        Assert.Equal("", table.Text(0, "reason"));
        Assert.Equal(double.NegativeInfinity, table.Number(1, "logDensity"));
        Assert.Equal("object 1 is outside the model's support", table.Text(1, "reason"));
    }

    [Fact]
    public async Task Density_PackedBody_GivesTheSame()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(OneJet));
        }

        using var plain = await Post("process=ttbar", Encoding.UTF8.GetBytes(OneJet));
        using var unpacked = await Post("process=ttbar", packed.ToArray());
        Assert.Equal(await plain.Content.ReadAsStringAsync(), await unpacked.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Density_UntypedBody_IsKnownByItsFirstBytes()
    {
        using var generated = await _client.PostAsync("/generate?process=ttbar&seed=5&n=10", null);
        var lines = Lines(await Post("process=ttbar", await generated.Content.ReadAsByteArrayAsync(), "application/x-www-form-urlencoded"));
        Assert.Equal(10, lines.Length);
    }

    [Fact]
    public async Task Density_FaultInTheLastLine_IsAProblemWithItsPlace()
    {
        var events = string.Concat(Enumerable.Repeat(OneJet, 5000)) + "9;ttbar;2.5;30000;0.5;x,110000,100000,0,1\n";
        await Problem.ExpectAsync(await Post("process=ttbar", Encoding.UTF8.GetBytes(events)), 400, "the body, line 5001, column 23: object 'x' is not one of");
    }

    [Theory]
    [InlineData("process=ttbar", "", "text/csv", 400, "The body holds no event.")]
    [InlineData("process=ttbar&input=root", OneJet, "text/csv", 400, "input is 'root', expected one of jsonl, dm-csv, npy.")]
    [InlineData("process=ttbar&format=csv", OneJet, "text/csv", 400, "format is 'csv', expected one of jsonl, npy.")]
    [InlineData("process=ttbar&n=5", OneJet, "text/csv", 400, "Parameter 'n' is not known. Known: process, model, version, alias, input, format, numerics.")]
    [InlineData("process=gluino", OneJet, "text/csv", 422, "'dm-csv' has no place for mGluino of each event. Give one value for all events")]
    [InlineData("process=higgs", OneJet, "text/csv", 404, "Process 'higgs' not found.")]
    [InlineData("process=ttbar", OneJet, "application/pdf", 415, "Content-Type is 'application/pdf', expected one of application/x-ndjson, text/csv, application/x-npy")]
    [InlineData("process=zjets", OneJet, "text/csv", 422, "Model 'gan' (test-without-density) has no density.")]
    [InlineData("process=ttbar&numerics=v9", OneJet, "text/csv", 422, "Numerics profile 'v9' is not available here.")]
    public async Task Density_WhatCannotBe_IsAProblemWithItsSentence(string query, string body, string contentType, int status, string sentence) =>
        await Problem.ExpectAsync(await Post(query, Encoding.UTF8.GetBytes(body), contentType), status, sentence);

    [Fact]
    public async Task Density_BodyBeyondTheLimit_Returns413() =>
        await Problem.ExpectAsync(
            await Post("process=ttbar", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(OneJet, 30_000)))), 413, "Request body too large.");

    private static JsonElement[] Lines(HttpResponseMessage response)
    {
        using (response)
        {
            var text = new StreamReader(response.Content.ReadAsStream()).ReadToEnd();
            Assert.True(response.IsSuccessStatusCode, text);
            Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
            return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonElement.Parse(l))];
        }
    }

    private async Task<HttpResponseMessage> Post(string query, byte[] body, string contentType = "text/csv")
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return await _client.PostAsync($"/density?{query}", content);
    }
}

using System.Net;
using System.Text.Json;

namespace EventService.FunctionalTests;

[Collection(ServiceCollection.Name)]
public sealed class ModelsAndHealthTests(RunningService service)
{
    private readonly HttpClient _client = service.CreateClient();

    [Fact]
    public async Task GetProcesses_NamesModelsAndProduction()
    {
        var processes = (await Json("/processes")).EnumerateArray().ToDictionary(p => p.GetProperty("process").GetString()!);
        Assert.Equal(["failing", "gluino", "slow", "ttbar", "zjets"], processes.Keys);
        var model = Assert.Single(processes["ttbar"].GetProperty("models").EnumerateArray());
        Assert.Equal("ttbar-analytic", model.GetProperty("name").GetString());
        Assert.Equal(1, model.GetProperty("production").GetInt32());
    }

    [Fact]
    public async Task GetModels_ListsVersionsAndAliases()
    {
        var models = (await Json("/models")).EnumerateArray().ToDictionary(m => m.GetProperty("name").GetString()!);
        Assert.Equal(5, models.Count);
        var model = models["ttbar-analytic"];
        Assert.Equal(1, model.GetProperty("aliases").GetProperty("production").GetInt32());
        var version = Assert.Single(model.GetProperty("versions").EnumerateArray());
        Assert.Equal(64, version.GetProperty("sha256").GetString()!.Length);
        Assert.True(version.GetProperty("validated").GetBoolean());
        Assert.EndsWith("Z", version.GetProperty("createdAt").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, models["gan"].GetProperty("versions")[0].GetProperty("validated").ValueKind);
        Assert.Equal(model.GetRawText(), (await Json("/models/ttbar-analytic")).GetRawText());
    }

    [Fact]
    public async Task GetVersion_HoldsTheDocument()
    {
        var document = (await Json("/models/gluino-analytic/versions/1")).GetProperty("document");
        Assert.Equal("gluino", document.GetProperty("process").GetString());
        Assert.Equal("mGluino", document.GetProperty("conditions")[0].GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("/models/nsf", "Model 'nsf' not found. Registered: 'failing'")]
    [InlineData("/models/nsf/versions/1", "Model 'nsf' not found. Registered: 'failing'")]
    [InlineData("/models/gan/versions/2", "Model 'gan' has no version 2. Registered: 1.")]
    [InlineData("/nothing", "There is nothing at /nothing. Operations are listed at /swagger.")]
    public async Task Get_WhatIsNotThere_Returns404(string path, string sentence) =>
        await Problem.ExpectAsync(await _client.GetAsync(path), 404, sentence);

    [Fact]
    public async Task Get_OfAnOperationThatIsPosted_Returns405() =>
        await Problem.ExpectAsync(await _client.GetAsync("/generate"), 405, "/generate does not take GET, expected POST.");

    [Fact]
    public async Task Health_OfARunningService_IsLiveAndReady()
    {
        Assert.Equal("live", (await Json("/health/live")).GetProperty("status").GetString());
        var ready = await Json("/health/ready");
        Assert.Equal("ready", ready.GetProperty("status").GetString());
        Assert.Equal(5, ready.GetProperty("models").GetInt32());
        Assert.Equal("available", ready.GetProperty("registry").GetString());
    }

    [Fact]
    public async Task Swagger_ListsTheOperations()
    {
        var paths = (await Json("/swagger/v1/swagger.json")).GetProperty("paths");
        Assert.Equal(
            [
                "/density", "/generate", "/health/live", "/health/ready", "/histogram", "/jobs", "/jobs/{id}", "/jobs/{id}/manifest", "/jobs/{id}/parts/{part}", "/keys", "/keys/{id}", "/keys/{id}/rotate", "/models", "/models/{name}",
                "/models/{name}/aliases/{alias}", "/models/{name}/history", "/models/{name}/versions/{version}", "/models/{name}/versions/{version}/card",
                "/models/{name}/versions/{version}/file", "/models/{name}/versions/{version}/state", "/processes", "/receipts/verify",
            ],
            paths.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        using var page = await _client.GetAsync("/swagger");
        Assert.Equal("/swagger/index.html", page.RequestMessage?.RequestUri?.AbsolutePath);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Fact]
    public async Task Swagger_NamesTheKeySchemeAndEachOperationsScope()
    {
        var document = await Json("/swagger/v1/swagger.json");
        var scheme = document.GetProperty("components").GetProperty("securitySchemes").GetProperty("key");
        Assert.Equal(("http", "bearer"), (scheme.GetProperty("type").GetString(), scheme.GetProperty("scheme").GetString()));
        foreach (var (path, method, scope) in new[]
        {
            ("/models", "get", "read"), ("/models", "post", "publish"), ("/generate", "post", "generate"), ("/keys", "get", "admin"),
            ("/models/{name}/aliases/{alias}", "put", "publish"), ("/models/{name}/versions/{version}/file", "get", "read"),
        })
        {
            var operation = document.GetProperty("paths").GetProperty(path).GetProperty(method);
            Assert.True(operation.GetProperty("responses").TryGetProperty("401", out _));
            Assert.Equal(scope, Assert.Single(Assert.Single(operation.GetProperty("security").EnumerateArray()).GetProperty("key").EnumerateArray()).GetString());
        }

        Assert.False(document.GetProperty("paths").GetProperty("/health/live").GetProperty("get").TryGetProperty("security", out _));
    }

    [Fact]
    public async Task Swagger_Examples_WorkAsTheyStand()
    {
        var paths = (await Json("/swagger/v1/swagger.json")).GetProperty("paths");
        foreach (var path in new[] { "/generate", "/density", "/jobs", "/histogram" })
        {
            var operation = paths.GetProperty(path).GetProperty("post");
            var query = string.Join('&', operation.GetProperty("parameters").EnumerateArray()
                .Where(p => p.TryGetProperty("example", out _))
                .Select(p => $"{p.GetProperty("name").GetString()}={p.GetProperty("example").GetString()}"));
            Assert.NotEmpty(query);
            foreach (var body in operation.GetProperty("requestBody").GetProperty("content").EnumerateObject())
            {
                var example = body.Value.GetProperty("example");
                var text = example.ValueKind == JsonValueKind.String ? example.GetString()! : example.GetRawText();
                using var content = new StringContent(text, System.Text.Encoding.UTF8, body.Name);
                using var response = await _client.PostAsync($"{path}?{query}", content);
                Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
            }
        }
    }

    private async Task<JsonElement> Json(string path)
    {
        using var response = await _client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync());
    }
}

using System.Text.Json;

using EventService.Contracts.V1;

using Google.Protobuf;

using Grpc.Core;
using Grpc.Health.V1;

using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace EventService.FunctionalTests.Grpc;

[Collection(ServiceCollection.Name)]
public sealed class GrpcModelsAndHealthTests(RunningService service) : IDisposable
{
    private readonly HttpClient _rest = service.CreateClient();
    private readonly RawCall _grpc = new(service.GrpcAddress);

    public void Dispose() => _grpc.Dispose();

    [Fact]
    public async Task ListProcesses_IsThatOfRest()
    {
        var rest = await _rest.JsonAsync("/processes");
        var grpc = await AskAsync("Models/ListProcesses", new ListProcessesRequest(), ListProcessesResponse.Parser);
        Assert.Equal(
            rest.EnumerateArray().Select(p => $"{p.GetProperty("process")}: {string.Join(',', p.GetProperty("models").EnumerateArray().Select(m => $"{m.GetProperty("name")} {m.GetProperty("production")}"))}"),
            grpc.Processes.Select(p => $"{p.Process}: {string.Join(',', p.Models.Select(m => $"{m.Name} {(m.HasProduction ? m.Production : null)}"))}"));
        Assert.Contains(grpc.Processes, p => p.Process == "ttbar");
    }

    [Fact]
    public async Task ListModels_PageByPage_IsThatOfRest()
    {
        var rest = await _rest.JsonAsync("/models");
        var names = new List<string>();
        for (var after = ""; ;)
        {
            var page = await AskAsync("Models/ListModels", new ListModelsRequest { After = after, Limit = 2 }, ListModelsResponse.Parser);
            Assert.InRange(page.Models.Count, 1, 2);
            names.AddRange(page.Models.Select(Described));
            if (page.Next.Length == 0)
            {
                break;
            }

            after = page.Next;
        }

        Assert.Equal(rest.EnumerateArray().Select(Described), names);
    }

    [Fact]
    public async Task GetVersion_IsThatOfRest()
    {
        var rest = await _rest.JsonAsync("/models/gluino-analytic/versions/1");
        var grpc = await AskAsync("Models/GetVersion", new GetVersionRequest { Name = "gluino-analytic", Version = 1 }, VersionDetails.Parser);
        Assert.Equal(rest.GetProperty("sha256").GetString(), grpc.Version.Sha256);
        Assert.Equal(rest.GetProperty("process").GetString(), grpc.Process);
        Assert.True(JsonElement.DeepEquals(rest.GetProperty("document"), JsonElement.Parse(grpc.Document)));
        Assert.Equal(
            rest.GetProperty("document").GetProperty("schema").GetProperty("collections").EnumerateArray().Select(c => c.GetProperty("name").GetString()),
            grpc.Schema.Collections.Select(c => c.Name));
    }

    [Fact]
    public async Task GetModel_Unknown_IsNotFound()
    {
        var answer = await _grpc.SendAsync("/eventservice.v1.Models/GetModel", new GetModelRequest { Name = "nobody" });
        Assert.Equal(StatusCode.NotFound, answer.Status);
        Assert.StartsWith("Model 'nobody' not found.", answer.Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("eventservice.v1.Events")]
    [InlineData("grpc.health.v1.Health")]
    public async Task Health_OfAServiceThatIsThere_IsServing(string name)
    {
        var answer = await _grpc.SendAsync("/grpc.health.v1.Health/Check", new HealthCheckRequest { Service = name });
        // Field 1, varint, 1: SERVING in the protocol.
        Assert.Equal([0x08, 0x01], Assert.Single(answer.Messages).Message);
    }

    [Fact]
    public async Task Health_OfAnotherService_IsNotFound() =>
        Assert.Equal(StatusCode.NotFound, (await _grpc.SendAsync("/grpc.health.v1.Health/Check", new HealthCheckRequest { Service = "nobody" })).Status);

    [Fact]
    public async Task HealthWatch_WhenTheServerStops_SaysSoAndEnds()
    {
        var stopping = new RunningService(workers: 1);
        stopping.CreateClient();
        using var grpc = new RawCall(stopping.GrpcAddress);
        using var response = await grpc.OpenAsync("/grpc.health.v1.Health/Watch", RawCall.Frame([]), CancellationToken.None);
        var answer = RawAnswer.ReadAsync(response);
        await stopping.DisposeAsync();
        Assert.Equal([ServingStatus.Serving, ServingStatus.NotServing], (await answer).Messages.Select(m => HealthCheckResponse.Parser.ParseFrom(m.Message).Status));
        Assert.Equal(StatusCode.OK, (await answer).Status);
    }

    private static string Described(ModelInfo m) =>
        $"{m.Name} {m.Process} {string.Join(',', m.Aliases.Select(a => $"{a.Key}={a.Value}"))} {string.Join(',', m.Versions.Select(v => $"{v.Version} {v.Sha256} {v.SizeBytes} {v.State} {v.CreatedBy} {v.CreatedAt.ToDateTime():O} {(v.HasValidated ? v.Validated : null)}"))}";

    private static string Described(JsonElement m) =>
        $"{m.GetProperty("name")} {m.GetProperty("process")} {string.Join(',', m.GetProperty("aliases").EnumerateObject().Select(a => $"{a.Name}={a.Value}"))} {string.Join(',', m.GetProperty("versions").EnumerateArray().Select(v => $"{v.GetProperty("version")} {v.GetProperty("sha256")} {v.GetProperty("sizeBytes")} {v.GetProperty("state")} {v.GetProperty("createdBy")} {v.GetProperty("createdAt").GetDateTime().ToUniversalTime():O} {v.GetProperty("validated")}"))}";

    private async Task<T> AskAsync<T>(string method, IMessage request, MessageParser<T> parser)
        where T : IMessage<T>
    {
        var answer = await _grpc.SendAsync($"/eventservice.v1.{method}", request);
        Assert.True(answer.Status == StatusCode.OK, answer.Sentence);
        return parser.ParseFrom(Assert.Single(answer.Messages).Message);
    }
}

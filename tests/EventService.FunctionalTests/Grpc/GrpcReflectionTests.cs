using Google.Protobuf;
using Google.Protobuf.Reflection;

using Grpc.Core;
using Grpc.Reflection.V1;

namespace EventService.FunctionalTests.Grpc;

[Collection(ServiceCollection.Name)]
public sealed class GrpcReflectionTests(RunningService service) : IDisposable
{
    private readonly HttpClient _rest = service.CreateClient();
    private readonly RawCall _grpc = new(service.GrpcAddress);

    public void Dispose()
    {
        _rest.Dispose();
        _grpc.Dispose();
    }

    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task Reflection_OfEachService_GivesFilesThatDescribeIt(string version)
    {
        var listed = (await AskAsync(version, new ServerReflectionRequest { ListServices = "*" })).ListServicesResponse.Service.Select(s => s.Name).ToArray();
        Assert.Equal(
            ["eventservice.v1.Events", "eventservice.v1.Models", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"],
            listed.Order(StringComparer.Ordinal));
        foreach (var name in listed)
        {
            var answer = await AskAsync(version, new ServerReflectionRequest { FileContainingSymbol = name });
            // The library refuses files that miss an import or name a type that is not there; it wants imports first.
            var files = FileDescriptor.BuildFromByteStrings(answer.FileDescriptorResponse.FileDescriptorProto.Reverse());
            Assert.Contains(name, files.SelectMany(f => f.Services).Select(s => s.FullName));
        }
    }

    [Theory]
    [InlineData("eventservice.v1.Events.Generate", "eventservice/v1/events.proto")]
    [InlineData("eventservice.v1.GenerateRequest.ConditionEntry", "eventservice/v1/events.proto")]
    [InlineData("eventservice.v1.Schema", "eventservice/v1/models.proto")]
    [InlineData("google.protobuf.Timestamp", "google/protobuf/timestamp.proto")]
    [InlineData("grpc.reflection.v1alpha.ErrorResponse", "grpc/reflection/v1alpha/reflection.proto")]
    public async Task Reflection_OfASymbol_GivesItsFileFirst(string symbol, string file)
    {
        var bySymbol = await AskAsync("v1", new ServerReflectionRequest { FileContainingSymbol = symbol });
        var byName = await AskAsync("v1", new ServerReflectionRequest { FileByFilename = file });
        Assert.Equal(file, FileDescriptorProto.Parser.ParseFrom(bySymbol.FileDescriptorResponse.FileDescriptorProto[0]).Name);
        Assert.Equal(bySymbol.FileDescriptorResponse, byName.FileDescriptorResponse);
    }

    [Theory]
    [InlineData("eventservice.v1.Nothing")]
    [InlineData("eventservice.v1.Events.Nothing")]
    [InlineData("eventservice.v1.GenerateRequest.nothing")]
    [InlineData("eventservice.v1")]
    [InlineData("")]
    public async Task Reflection_OfWhatIsNotThere_IsNotFound(string symbol)
    {
        var answer = await AskAsync("v1", new ServerReflectionRequest { FileContainingSymbol = symbol });
        Assert.Equal(((int)StatusCode.NotFound, "Symbol not found."), (answer.ErrorResponse.ErrorCode, answer.ErrorResponse.ErrorMessage));
    }

    private async Task<ServerReflectionResponse> AskAsync(string version, ServerReflectionRequest request)
    {
        var answer = await _grpc.SendAsync($"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo", request);
        Assert.True(answer.Status == StatusCode.OK, answer.Sentence);
        return ServerReflectionResponse.Parser.ParseFrom(Assert.Single(answer.Messages).Message);
    }
}

using EventService.Grpc.V1;

using Google.Protobuf;

namespace EventService.Client.Calls;

/// <summary>Paths of the methods, as the protos name them.</summary>
internal static class Methods
{
    public static readonly string Generate = Of("Events", "Generate");
    public static readonly string Density = Of("Events", "Density");
    public static readonly string ListProcesses = Of("Models", "ListProcesses");
    public static readonly string ListModels = Of("Models", "ListModels");
    public static readonly string GetModel = Of("Models", "GetModel");
    public static readonly string GetVersion = Of("Models", "GetVersion");

    /// <summary>The messages of a call that sends one.</summary>
    public static IAsyncEnumerable<IMessage> Single(IMessage message) => new[] { message }.ToAsyncEnumerable();

    private static string Of(string service, string method) =>
        EventsReflection.Descriptor.Services.Concat(ModelsReflection.Descriptor.Services).Single(s => s.Name == service) is var found && found.FindMethodByName(method) is not null
            ? $"{found.FullName}/{method}"
            : throw new ArgumentException($"Service '{service}' has no method '{method}'.", nameof(method));
}

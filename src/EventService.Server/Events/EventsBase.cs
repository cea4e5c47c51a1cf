using EventService.Contracts.V1;
using EventService.Server.Grpc;

using Google.Protobuf;

using Grpc.Core;

using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace EventService.Server.Events;

/// <summary>
/// The service Events as Grpc.AspNetCore finds it. In place of the generated base class: its answers are encoded where the events are made,
/// and pass through as bytes.
/// </summary>
[BindServiceMethod(typeof(EventsBase), nameof(BindService))]
internal abstract class EventsBase
{
    private static readonly Method<GenerateRequest, Outgoing<GenerateResponse>> s_generate =
        Of<GenerateRequest, GenerateResponse>(MethodType.ServerStreaming, nameof(Generate), GenerateRequest.Parser);
    private static readonly Method<DensityRequest, Outgoing<DensityResponse>> s_density =
        Of<DensityRequest, DensityResponse>(MethodType.DuplexStreaming, nameof(Density), DensityRequest.Parser);

    /// <summary>What server reflection tells of it.</summary>
    public static ServiceDescriptor Descriptor => Contracts.V1.Events.Descriptor;

    public static void BindService(ServiceBinderBase binder, EventsBase? service)
    {
        binder.AddMethod(s_generate, service is null ? null : service.Generate);
        binder.AddMethod(s_density, service is null ? null : service.Density);
    }

    public abstract Task Generate(
        GenerateRequest request, IServerStreamWriter<Outgoing<GenerateResponse>> responses, ServerCallContext context);

    public abstract Task Density(
        IAsyncStreamReader<DensityRequest> requests, IServerStreamWriter<Outgoing<DensityResponse>> responses, ServerCallContext context);

    private static Method<TRequest, Outgoing<TResponse>> Of<TRequest, TResponse>(
        MethodType type, string name, MessageParser<TRequest> parser)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        new(
            type,
            Descriptor.FullName,
            name,
            Marshallers.Create<TRequest>(
                (message, context) => context.Complete(message.ToByteArray()),
                context => parser.ParseFrom(context.PayloadAsReadOnlySequence())),
            Outgoing<TResponse>.Marshaller);
}

using Google.Protobuf;

using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace EventService.Server.Grpc;

/// <summary>The services that are mapped.</summary>
internal sealed class GrpcServices
{
    private readonly List<ServiceDescriptor> _all = [];

    public IReadOnlyList<ServiceDescriptor> All => _all;

    public void Add(ServiceDescriptor service) => _all.Add(service);
}

/// <summary>Maps the methods of one service, each at /PACKAGE.SERVICE/METHOD.</summary>
/// <param name="app">Where to.</param>
/// <param name="service">As the proto declares it.</param>
/// <param name="path">Its full name, where it is not the one in the proto.</param>
internal sealed class GrpcServiceMap<TService>(WebApplication app, ServiceDescriptor service, string? path = null)
    where TService : notnull
{
    public IEndpointConventionBuilder Unary<TRequest, TResponse>(string method, Func<TService, Func<TRequest, ServerCallContext, Task<TResponse>>> call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse> =>
        Map<TRequest, TResponse>(method, async (instance, requests, responses, context) =>
            await responses.WriteAsync(await call(instance)(await requests.SingleAsync(context.CancellationToken), context)));

    public IEndpointConventionBuilder ServerStreaming<TRequest, TResponse>(string method, Func<TService, Func<TRequest, IServerStreamWriter<TResponse>, ServerCallContext, Task>> call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse> =>
        Map<TRequest, TResponse>(method, async (instance, requests, responses, context) =>
            await call(instance)(await requests.SingleAsync(context.CancellationToken), responses, context));

    public IEndpointConventionBuilder DuplexStreaming<TRequest, TResponse>(string method, Func<TService, Func<IAsyncStreamReader<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task>> call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse> =>
        Map<TRequest, TResponse>(method, (instance, requests, responses, context) => call(instance)(requests, responses, context));

    private IEndpointConventionBuilder Map<TRequest, TResponse>(
        string method, Func<TService, RequestStream<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task> call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>
    {
        if (service.FindMethodByName(method) is null)
        {
            throw new ArgumentException($"Service {service.FullName} has no method '{method}'.", nameof(method));
        }

        var host = app.Services.GetRequiredService<GrpcHost>();
        return app.MapPost($"/{path ?? service.FullName}/{method}", (HttpContext http) =>
                host.RunAsync<TRequest, TResponse>(http, (requests, responses, context) =>
                    call(http.RequestServices.GetRequiredService<TService>(), requests, responses, context)))
            .ExcludeFromDescription();
    }
}

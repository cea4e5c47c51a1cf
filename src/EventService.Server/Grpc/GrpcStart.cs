using EventService.Grpc;

using Google.Protobuf.Reflection;

namespace EventService.Server.Grpc;

/// <summary>gRPC over Kestrel's HTTP/2.</summary>
internal static class GrpcStart
{
    public static IServiceCollection AddGrpcHost(this IServiceCollection services) =>
        services
            .AddSingleton<GrpcHost>()
            .AddSingleton<GrpcServices>()
            .AddSingleton<ReflectionGrpcService>();

    /// <summary>Calls of methods that are not there get an answer of gRPC.</summary>
    public static void UseGrpc(this WebApplication app) =>
        app.Use((context, next) =>
        {
            if (context.GetEndpoint() is null && GrpcResponse.IsExpected(context.Request))
            {
                throw new RpcException(StatusCode.Unimplemented, $"There is no method {context.Request.Path}. Reflection lists the services of this server.");
            }

            return next(context);
        });

    /// <summary>The methods of a service of this file are mapped on what is returned.</summary>
    public static GrpcServiceMap<TService> MapGrpcService<TService>(this WebApplication app, FileDescriptor file, string name)
        where TService : notnull
    {
        var service = file.Services.Single(s => s.Name == name);
        app.Services.GetRequiredService<GrpcServices>().Add(service);
        return new GrpcServiceMap<TService>(app, service);
    }
}

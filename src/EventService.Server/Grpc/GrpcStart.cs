using System.IO.Compression;

using EventService.Server.Settings;

namespace EventService.Server.Grpc;

/// <summary>gRPC by Grpc.AspNetCore: over HTTP/2, and for browsers as gRPC-Web over HTTP/1.1.</summary>
internal static class GrpcStart
{
    public static IServiceCollection AddGrpcServices(this IServiceCollection services, ServerSettings settings)
    {
        services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = settings.GrpcMessageBytes;
            options.MaxSendMessageSize = null;
            options.CompressionProviders = [new BoundedGzip(settings.GrpcMessageBytes)];
            options.ResponseCompressionAlgorithm = BoundedGzip.Name;
            // Quickly rather than small: random mantissas hardly shrink.
            options.ResponseCompressionLevel = CompressionLevel.Fastest;
            options.Interceptors.Add<CallManners>();
        });
        return services
            .AddSingleton<CallManners>()
            .AddSingleton<CallOutcome>()
            .AddGrpcReflection();
    }

    /// <summary>
    /// Before all that may answer a call: what it answers is translated for browsers, and every failure has the service's own sentence.
    /// </summary>
    public static void UseGrpc(this WebApplication app)
    {
        app.UseGrpcWeb(new GrpcWebOptions { DefaultEnabled = true });
        var outcome = app.Services.GetRequiredService<CallOutcome>();
        app.Use(outcome.WatchAsync);
    }
}

using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Settings;

using Grpc.Core;
using Grpc.Core.Interceptors;

namespace EventService.Server.Grpc;

/// <summary>
/// What every call has in common: answers are packed where the client packs what it sends, and a client that neither takes nor sends
/// anything for <see cref="ServerSettings.StallSeconds"/> is cut off, since it holds the place of another.
/// </summary>
internal sealed class CallManners(ServerSettings settings, TimeProvider time) : Interceptor
{
    private static readonly WriteOptions s_unpacked = new(WriteFlags.NoCompress);

    private readonly TimeSpan _patience = TimeSpan.FromSeconds(settings.StallSeconds);

    /// <summary>Whether the message of a call that takes one was read: what fails before is the request's fault.</summary>
    public static bool Began(HttpContext http) => http.Items.ContainsKey(typeof(CallManners));

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        Begin(context);
        return continuation(request, context);
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Begin(context);
        return continuation(request, new PatientWriter<TResponse>(responseStream, context.GetHttpContext(), _patience, time), context);
    }

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream,
        IServerStreamWriter<TResponse> responseStream,
        ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        Begin(context);
        return continuation(
            new PatientReader<TRequest>(requestStream, _patience, time),
            new PatientWriter<TResponse>(responseStream, context.GetHttpContext(), _patience, time),
            context);
    }

    private static void Begin(ServerCallContext context)
    {
        var http = context.GetHttpContext();
        http.Items[typeof(CallManners)] = null;
        if (http.Request.Headers["grpc-encoding"] != BoundedGzip.Name)
        {
            context.WriteOptions = s_unpacked;
        }
    }
}

internal static class CallerOfCall
{
    /// <summary>Who calls.</summary>
    public static Caller Caller(this ServerCallContext context) => context.GetHttpContext().Caller();
}

using EventService.Grpc;
using EventService.Grpc.Framing;
using EventService.Server.Logging;
using EventService.Server.Metrics;
using EventService.Server.Problems;

using Google.Protobuf;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace EventService.Server.Grpc;

/// <summary>Runs calls: reads the headers, gives the service its messages, ends the answer with a status whatever happens.</summary>
internal sealed class GrpcHost(ServerSettings settings, TimeProvider time, ErrorMetrics metrics)
{
    private readonly TimeSpan _patience = TimeSpan.FromSeconds(settings.StallSeconds);

    /// <param name="http">The request.</param>
    /// <param name="call">What the service does with the messages.</param>
    public async Task RunAsync<TRequest, TResponse>(HttpContext http, Func<RequestStream<TRequest>, IServerStreamWriter<TResponse>, ServerCallContext, Task> call)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>
    {
        RequireGrpc(http.Request);
        ResponseStream<TResponse>? responses = null;
        ServerCallContext? context = null;
        try
        {
            context = new ServerCallContext(http, time);
            LiftLimits(http);
            var encoding = RequestEncoding(http.Request);

            // A client that packs what it sends gets packed answers, if it can read them.
            var compress = encoding is not null && http.Request.Headers[GrpcHeaders.AcceptEncoding].ToString()
                .Split(',', StringSplitOptions.TrimEntries).Contains(GrpcHeaders.Gzip, StringComparer.Ordinal);
            GrpcResponse.Begin(http.Response, compress);
            responses = new ResponseStream<TResponse>(http, compress, _patience, time, context.CancellationToken);
            var requests = new RequestStream<TRequest>(new MessageReader(http.Request.BodyReader, settings.GrpcMessageBytes, encoding), _patience, time);
            await call(requests, responses, context);
            End(http.Response, context, StatusCode.OK);
        }
#pragma warning disable CA1031 // whatever it is, the client gets a status
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (context is { DeadlineExceeded: true } && responses is not null)
            {
                await responses.DrainAsync();
            }

            Fail(http, context, e);
        }
        finally
        {
            context?.Dispose();
        }
    }

    private void Fail(HttpContext http, ServerCallContext? context, Exception e)
    {
        if (http.RequestAborted.IsCancellationRequested || BrokenConnection.Explains(http, e))
        {
            if (!http.Response.HasStarted)
            {
                http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            }

            return;
        }

        var (status, sentence, retryAfter) = context is { DeadlineExceeded: true }
            ? (StatusCode.DeadlineExceeded, $"The call's deadline of {context.Timeout!.Value.TotalSeconds:0.###} s has passed.", null)
            : GrpcResponse.Describe(e, http.TraceIdentifier);
        metrics.Count(GrpcResponse.ToHttp(status), e.GetType().Name);
        RequestOutcome.Of(http).Note(e, GrpcResponse.ToHttp(status), sentence);
        End(http.Response, context, status, sentence, retryAfter);
    }

    private static void End(HttpResponse response, ServerCallContext? context, StatusCode status, string sentence = "", TimeSpan? retryAfter = null)
    {
        GrpcResponse.End(response, status, sentence, retryAfter);
        foreach (var (name, value) in context?.ResponseTrailers ?? new Dictionary<string, string>())
        {
            GrpcResponse.Put(response, name, value);
        }
    }

    /// <exception cref="ProblemException">415 or 505: the request is none of gRPC.</exception>
    private void RequireGrpc(HttpRequest request)
    {
        if (!GrpcHeaders.IsGrpc(request.ContentType))
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType,
                $"Content-Type is '{request.ContentType}', expected '{GrpcHeaders.ContentType}': {request.Path} takes calls of gRPC. REST is at /swagger.");
        }

        if (!HttpProtocol.IsHttp2(request.Protocol))
        {
            throw new ProblemException(StatusCodes.Status505HttpVersionNotsupported,
                $"The call came over {request.Protocol}, expected HTTP/2. {settings.GrpcHint}");
        }
    }

    /// <summary>Null where messages are never compressed.</summary>
    private static string? RequestEncoding(HttpRequest request) => request.Headers[GrpcHeaders.Encoding].ToString() switch
    {
        "" or GrpcHeaders.Identity => null,
        GrpcHeaders.Gzip => GrpcHeaders.Gzip,
        var other => throw new RpcException(StatusCode.Unimplemented, $"grpc-encoding is '{other}', expected {GrpcHeaders.Identity} or {GrpcHeaders.Gzip}."),
    };

    /// <summary>Streams last as long as they last; each message has its limit.</summary>
    private static void LiftLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}

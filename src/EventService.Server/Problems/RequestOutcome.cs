using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Server.Problems;

using Grpc.Core;

using Microsoft.AspNetCore.Http.Features;

using Serilog.Events;

namespace EventService.Server.Problems;

/// <summary>
/// How a request ended where its status does not say it: noted by whoever refuses, fails or cuts it off, for its line in the log.
/// </summary>
internal sealed class RequestOutcome
{
    private enum Kind
    {
        Answered,
        Refused,
        Away,
        Failed,
    }

    private Kind _kind;
    private bool _isCutOff;
    private bool _hasLeft;
    private Func<(long Done, long All)>? _events;

    /// <summary>Why; null where all is well.</summary>
    public string? Reason { get; private set; }

    /// <summary>What is wrong with the server itself; null for everything else, a request that is refused included.</summary>
    public Exception? Fault { get; private set; }

    public static RequestOutcome Of(HttpContext http)
    {
        if (http.Features.Get<RequestOutcome>() is { } known)
        {
            return known;
        }

        var outcome = new RequestOutcome();
        http.Features.Set(outcome);
        return outcome;
    }

    /// <summary>Tells how far a stream of events is, should it break.</summary>
    public void Follow(Func<(long Done, long All)> events) => _events = events;

    /// <summary>Notes an error that became an answer.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="status">The status that it became, as HTTP numbers it.</param>
    /// <param name="sentence">What the client is told.</param>
    public void Note(Exception exception, int status, string sentence)
    {
        (_kind, Reason) = exception switch
        {
            _ when DatabaseFailure.Is(exception) => (Kind.Away, $"{sentence} The cause: {exception.GetBaseException().Message}"),
            ProblemException or RpcException => (Kind.Refused, sentence),
            _ when status == StatusCodes.Status503ServiceUnavailable => (Kind.Away, sentence),
            _ when status == StatusCodes.Status500InternalServerError => (Kind.Failed, exception.Message),
            _ => (Kind.Refused, sentence),
        };
        Fault = _kind == Kind.Failed ? exception : null;
    }

    /// <summary>The client has gone before the end.</summary>
    public void Left() => _hasLeft = true;

    /// <summary>The server has ended an answer before its end.</summary>
    /// <param name="reason">Why; null where an error that was noted says it.</param>
    public void CutOff(string? reason = null)
    {
        _isCutOff = true;
        Reason ??= reason;
    }

    /// <summary>As the log says it, such as "answered 404: There is nothing at /x."</summary>
    /// <param name="http">The request, which has ended.</param>
    public string Describe(HttpContext http)
    {
        var response = http.Response;
        if (HasLeft(http))
        {
            return response.HasStarted
                ? $"was left by the client after status {response.StatusCode}{Progress()}"
                : "was left by the client before an answer";
        }

        var end = _isCutOff ? $"was cut off after status {response.StatusCode}{Progress()}"
            : GrpcStatus(http) is { } status ? $"ended with grpc-status {status}{(Reason is null ? "" : Progress())}"
            : $"answered {response.StatusCode}";
        return Reason is null ? end : $"{end}: {Reason}";
    }

    /// <summary>What happened, as loud as it concerns who runs the server.</summary>
    public LogEventLevel Level(HttpContext http) => _kind switch
    {
        Kind.Failed => LogEventLevel.Error,
        Kind.Away => LogEventLevel.Warning,
        _ when _isCutOff => LogEventLevel.Warning,
        Kind.Answered when http.Response.StatusCode >= 500 => LogEventLevel.Error,
        _ => LogEventLevel.Information,
    };

    /// <summary>2000 answered, 2001 refused, 2002 left or cut off, 2003 failed.</summary>
    public int MessageId(HttpContext http) =>
        _kind == Kind.Failed ? 2003
        : _isCutOff || HasLeft(http) ? 2002
        : _kind != Kind.Answered || http.Response.StatusCode >= 400 ? 2001
        : 2000;

    private bool HasLeft(HttpContext http) => _hasLeft || (!_isCutOff && http.RequestAborted.IsCancellationRequested);

    private string Progress() => _events?.Invoke() is var (done, all) ? $", with {done} of {all} events sent" : "";

    /// <summary>gRPC says behind a 200 how a call has ended: in a trailer, or in a header where there are no messages.</summary>
    private static string? GrpcStatus(HttpContext http)
    {
        const string name = "grpc-status";
        var trailers = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers;
        return trailers is not null && trailers.TryGetValue(name, out var behind) ? behind : http.Response.Headers[name];
    }
}

using Grpc.Core;

namespace EventService.Server.Grpc;

/// <summary>Log messages about calls of gRPC: 2500-2599.</summary>
internal static partial class GrpcLog
{
    [LoggerMessage(2500, LogLevel.Error, "{Path} failed with {Status}")]
    public static partial void CallFailed(ILogger logger, string path, StatusCode status, Exception exception);

    [LoggerMessage(2501, LogLevel.Information, "{Path} ended with {Status}: {Sentence}")]
    public static partial void CallRefused(ILogger logger, string path, StatusCode status, string sentence);
}

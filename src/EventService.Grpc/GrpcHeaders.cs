namespace EventService.Grpc;

/// <summary>Names and values of headers and trailers, as gRPC over HTTP/2 has them.</summary>
public static class GrpcHeaders
{
    public const string ContentType = "application/grpc";
    public const string Status = "grpc-status";
    public const string Message = "grpc-message";
    public const string Timeout = "grpc-timeout";
    public const string Encoding = "grpc-encoding";
    public const string AcceptEncoding = "grpc-accept-encoding";

    /// <summary>Trailer: milliseconds after which the call can be tried again.</summary>
    public const string RetryPushback = "grpc-retry-pushback-ms";

    public const string Identity = "identity";
    public const string Gzip = "gzip";

    /// <summary>Whether this is the Content-Type of a gRPC call with protobuf messages.</summary>
    public static bool IsGrpc(string? contentType) =>
        contentType is not null
        && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
        && (contentType.Length == ContentType.Length
            || contentType[ContentType.Length] == ';'
            || contentType[ContentType.Length..].Equals("+proto", StringComparison.OrdinalIgnoreCase)
            || contentType[ContentType.Length..].StartsWith("+proto;", StringComparison.OrdinalIgnoreCase));
}

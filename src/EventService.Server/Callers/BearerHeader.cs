using EventService.Registry.Keys;

namespace EventService.Server.Callers;

/// <summary>What stands in the header Authorization.</summary>
internal static class BearerHeader
{
    private const string Scheme = "Bearer ";

    /// <summary>What follows upon "Bearer"; null where the header is missing or of another scheme.</summary>
    public static string? Read(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    /// <summary>Whether it is an API key of this service.</summary>
    public static bool IsKey(string credentials) => credentials.StartsWith(KeyStore.Prefix, StringComparison.Ordinal);
}

using EventService.Registry;

namespace EventService.Cli;

/// <summary>Addresses of servers as they are given on the command line.</summary>
internal static class ServerAddress
{
    /// <summary>The address, with a slash behind it, so that paths can follow.</summary>
    /// <exception cref="RegistryException">The text is not an address.</exception>
    public static Uri Parse(string server) =>
        Uri.TryCreate(server.TrimEnd('/') + "/", UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            ? address
            : throw new RegistryException(
                RegistryFault.Invalid, $"The server is '{server}', expected an address such as http://localhost:8080.");
}

using System.Net;
using System.Net.Sockets;

namespace EventService.FunctionalTests;

/// <summary>Ports for servers that have to be told theirs.</summary>
internal static class FreePort
{
    /// <summary>A port that nobody listens on; the system gives it to nobody else for a while.</summary>
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

using System.Net;
using System.Net.Sockets;

namespace EventService.FunctionalTests.Grpc;

/// <summary>Passes connections on to a server and cuts each after a number of bytes of its answers.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ends = new();
    private readonly int _port;
    private readonly Queue<int> _lengths;
    private readonly Task _accepting;

    /// <param name="server">Where to.</param>
    /// <param name="lengths">Bytes after which each connection is cut; those after the last one are not.</param>
    public CuttingProxy(Uri server, IEnumerable<int> lengths)
    {
        (_port, _lengths) = (server.Port, new Queue<int>(lengths));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public int Cuts { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        _listener.Stop();
        await _accepting;
        _ends.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_ends.Token);
                _ = PassAsync(client, _lengths.TryDequeue(out var length) ? length : int.MaxValue);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task PassAsync(TcpClient client, int length)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _port, _ends.Token);
                var asking = client.GetStream().CopyToAsync(server.GetStream(), _ends.Token);
                var buffer = new byte[1 << 14];
                while (length > 0 && await server.GetStream().ReadAsync(buffer.AsMemory(0, Math.Min(length, buffer.Length)), _ends.Token) is > 0 and var count)
                {
                    await client.GetStream().WriteAsync(buffer.AsMemory(0, count), _ends.Token);
                    length -= count;
                }

                if (length == 0)
                {
                    Cuts++;
                    client.Client.LingerState = new LingerOption(true, 0); // a reset, as by a machine that is gone
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
            }
        }
    }
}

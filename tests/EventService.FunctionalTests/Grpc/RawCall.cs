using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;

using Google.Protobuf;

using Grpc.Core;

namespace EventService.FunctionalTests.Grpc;

/// <summary>Calls as bytes, right or wrong, and their answers taken apart by hand.</summary>
internal sealed class RawCall(Uri address, string? key = null, HttpMessageHandler? handler = null) : IDisposable
{
    private readonly HttpClient _client = new(handler ?? new SocketsHttpHandler()) { BaseAddress = address };

    public void Dispose() => _client.Dispose();

    /// <summary>A message behind its five bytes.</summary>
    public static byte[] Frame(byte[] message, byte flag = 0)
    {
        var frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public Task<RawAnswer> SendAsync(string path, IMessage message, params (string Name, string Value)[] headers) => SendAsync(path, Frame(message.ToByteArray()), headers);

    public async Task<RawAnswer> SendAsync(string path, byte[] body, params (string Name, string Value)[] headers)
    {
        using var response = await OpenAsync(path, body, CancellationToken.None, headers);
        return await RawAnswer.ReadAsync(response);
    }

    public async Task<HttpResponseMessage> OpenAsync(string path, byte[] body, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Headers.Add("te", "trailers");
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        if (key is not null)
        {
            request.Headers.Add("authorization", $"Bearer {key}");
        }

        foreach (var (name, value) in headers)
        {
            if (name == "content-type")
            {
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            }
            else
            {
                request.Headers.Add(name, value);
            }
        }

        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }
}

/// <summary>The messages of an answer, and its headers and trailers, the last ones winning.</summary>
internal sealed record RawAnswer(HttpStatusCode Http, IReadOnlyDictionary<string, string> Headers, IReadOnlyDictionary<string, string> Trailers, IReadOnlyList<(byte Flag, byte[] Message)> Messages)
{
    /// <summary>Of the trailers, or of the headers where nothing else came.</summary>
    public StatusCode Status => (StatusCode)int.Parse(Ending("grpc-status"));

    public string Sentence => Uri.UnescapeDataString(Ending("grpc-message"));

    public string Ending(string name) => Trailers.TryGetValue(name, out var trailer) ? trailer : Headers.GetValueOrDefault(name, "");

    public static async Task<RawAnswer> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsByteArrayAsync();
        var messages = new List<(byte, byte[])>();
        if (response.Content.Headers.ContentType?.MediaType == "application/grpc")
        {
            for (var at = 0; at < body.Length;)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(at + 1));
                messages.Add((body[at], body[(at + 5)..(at + 5 + length)]));
                at += 5 + length;
            }
        }

        return new RawAnswer(response.StatusCode, Values(response.Headers.Concat(response.Content.Headers)), Values(response.TrailingHeaders), messages);
    }

    private static Dictionary<string, string> Values(IEnumerable<KeyValuePair<string, IEnumerable<string>>> headers) =>
        headers.ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.Last());
}

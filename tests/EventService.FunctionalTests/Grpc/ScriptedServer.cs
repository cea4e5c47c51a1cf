using System.Net;
using System.Net.Http.Headers;

using Google.Protobuf;

using Grpc.Core;

namespace EventService.FunctionalTests.Grpc;

/// <summary>Answers calls one after another with the answers it is given, whatever they are asked.</summary>
internal sealed class ScriptedServer(params ScriptedAnswer[] answers) : HttpMessageHandler
{
    /// <summary>The bodies that came.</summary>
    public List<byte[]> Requests { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
        return answers[Math.Min(Requests.Count, answers.Length) - 1].ToResponse();
    }
}

/// <param name="Status">The status behind the messages; null where the connection breaks instead.</param>
/// <param name="Messages">The messages.</param>
internal sealed record ScriptedAnswer(StatusCode? Status, params IMessage[] Messages)
{
    public (string Name, string Value)[] Trailers { get; init; } = [];

    public HttpResponseMessage ToResponse()
    {
        var response = new HttpResponseMessage(HttpStatusCode.OK)
        {
            Version = HttpVersion.Version20,
            Content = new StreamContent(new Body([.. Messages.SelectMany(m => RawCall.Frame(m.ToByteArray()))], breaks: Status is null)),
        };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        if (Status is { } status)
        {
            response.TrailingHeaders.Add("grpc-status", $"{(int)status}");
            foreach (var (name, value) in Trailers)
            {
                response.TrailingHeaders.Add(name, value);
            }
        }

        return response;
    }

    private sealed class Body(byte[] bytes, bool breaks) : MemoryStream(bytes)
    {
        /// <summary>Whoever reads no bytes waits for some to be there, and gets none.</summary>
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            buffer.IsEmpty ? 0
            : await base.ReadAsync(buffer, cancellationToken) is > 0 and var count ? count
            : breaks ? throw new IOException("The connection was reset.") : 0;
    }
}

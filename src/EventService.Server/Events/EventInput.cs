using System.Buffers;

using EventService.Generation.Requests;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Server.Problems;

using Microsoft.Net.Http.Headers;

namespace EventService.Server.Events;

/// <summary>A format in which events can be sent.</summary>
/// <param name="Name">As in input=dm-csv.</param>
/// <param name="MediaTypes">As in Content-Type.</param>
/// <param name="Magic">How a body of this format begins.</param>
/// <param name="Open">Makes a reader for events of this schema.</param>
internal sealed record EventInput(string Name, IReadOnlyList<string> MediaTypes, byte[] Magic, Func<Stream, SampleSchema, EventReader> Open)
{
    /// <summary>Three events of a top-pair sample, as an example that works as it stands.</summary>
    public const string Example = """
        1;ttbar;9.44386;38720.1;0.230973;b,54896.9,40167.4,0.800856,0.954695;j,315432,168230,-1.23984,-2.24025;j,237893,79918.1,-1.75157,1.42258;j,67636.9,52010.7,-0.726132,0.377383;j,39296.6,33409.2,-0.574323,-2.1787
        3;ttbar;9.44386;20059.8;-0.0972942;b,221080,204177,-0.393954,-2.92653;b,160591,148414,-0.378977,-0.32307;j,84123.5,72940.2,-0.522778,2.83023;j,65525.6,61592.8,-0.314846,0.237339;j,54355.5,45593.4,-0.605338,1.79323

        """;

    private const string BodyName = "the body";

    /// <summary>The last is taken where nothing tells.</summary>
    public static IReadOnlyList<EventInput> All { get; } =
    [
        new(NpyWriter.FormatName, ["application/x-npy"], [0x93, .. "NUMPY"u8], (body, _) => throw new RequestException(RequestFault.Cannot, "npy is not read yet.")),
        new(JsonLinesWriter.FormatName, ["application/x-ndjson", "application/jsonl"], "{"u8.ToArray(), (body, _) => throw new RequestException(RequestFault.Cannot, "jsonl is not read yet.")),
        new(DarkMachinesWriter.FormatName, ["text/csv", "text/plain"], [], (body, _) => new DarkMachinesReader(body, BodyName)),
    ];

    /// <summary>Types that clients send without thinking (curl's --data-binary among them): the first bytes decide.</summary>
    private static readonly string[] s_tellingNothing = ["application/octet-stream", "application/x-www-form-urlencoded", "application/gzip"];

    /// <exception cref="RequestException">The format asked for is unknown.</exception>
    /// <exception cref="ProblemException">415: the Content-Type is none that is read.</exception>
    public static async Task<EventReader> OpenAsync(HttpRequest request, string? name, SampleSchema schema, CancellationToken cancellationToken)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "gzip" or "identity"))
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, $"Content-Encoding is '{encoding}', expected gzip or none.");
        }

        var input = name is not null ? ByName(name) : ByContentType(request.ContentType) ?? await ByMagicAsync(request, cancellationToken);
        return input.Open(request.BodyReader.AsStream(), schema);
    }

    private static EventInput ByName(string name) =>
        All.SingleOrDefault(f => f.Name == name)
        ?? throw new RequestException(RequestFault.BadValue, $"input is '{name}', expected one of {string.Join(", ", All.Select(f => f.Name))}.");

    private static EventInput? ByContentType(string? contentType)
    {
        if (string.IsNullOrEmpty(contentType))
        {
            return null;
        }

        var type = MediaTypeHeaderValue.TryParse(contentType, out var parsed) ? parsed.MediaType.ToString().ToLowerInvariant() : contentType;
        if (s_tellingNothing.Contains(type))
        {
            return null;
        }

        return All.SingleOrDefault(f => f.MediaTypes.Contains(type))
            ?? throw new ProblemException(StatusCodes.Status415UnsupportedMediaType,
                $"Content-Type is '{contentType}', expected one of {string.Join(", ", All.SelectMany(f => f.MediaTypes))}, or application/octet-stream to let the first bytes decide.");
    }

    private static async Task<EventInput> ByMagicAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var longest = All.Max(f => f.Magic.Length);
        var peek = await request.BodyReader.ReadAtLeastAsync(longest, cancellationToken);
        var head = peek.Buffer.Slice(0, Math.Min(longest, peek.Buffer.Length)).ToArray();
        request.BodyReader.AdvanceTo(peek.Buffer.Start);
        return All.First(f => head.AsSpan().StartsWith(f.Magic));
    }
}

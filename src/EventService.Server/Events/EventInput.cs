using System.IO.Pipelines;

using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;
using EventService.Server.Problems;

using Microsoft.Net.Http.Headers;

namespace EventService.Server.Events;

/// <summary>Events in the body of a request.</summary>
internal static class EventInput
{
    /// <summary>Two events of a top-pair sample, as an example that works as it stands.</summary>
    public const string Example = """
        1;ttbar;9.44386;38720.1;0.230973;b,54896.9,40167.4,0.800856,0.954695;j,315432,168230,-1.23984,-2.24025;j,237893,79918.1,-1.75157,1.42258;j,67636.9,52010.7,-0.726132,0.377383;j,39296.6,33409.2,-0.574323,-2.1787
        3;ttbar;9.44386;20059.8;-0.0972942;b,221080,204177,-0.393954,-2.92653;b,160591,148414,-0.378977,-0.32307;j,84123.5,72940.2,-0.522778,2.83023;j,65525.6,61592.8,-0.314846,0.237339;j,54355.5,45593.4,-0.605338,1.79323

        """;

    private const string BodyName = "the body";

    /// <summary>Types that clients send without thinking (curl's --data-binary among them): the first bytes decide.</summary>
    private static readonly string[] s_tellingNothing = ["application/octet-stream", "application/x-www-form-urlencoded", "application/gzip", "text/plain"];

    /// <exception cref="RequestException">The format asked for is unknown, or cannot hold events of the schema.</exception>
    /// <exception cref="ProblemException">415: the Content-Type is not one that can be read.</exception>
    public static async Task<EventReader> OpenAsync(HttpRequest request, string? name, SampleSchema schema, CancellationToken cancellationToken)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "gzip" or "identity"))
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, $"Content-Encoding is '{encoding}', expected gzip or none.");
        }

        if (name is not null && !EventFormats.Names.Contains(name))
        {
            throw new RequestException(RequestFault.BadValue, $"input is '{name}', expected one of {string.Join(", ", EventFormats.Names)}.");
        }

        var format = name ?? ByContentType(request.ContentType) ?? await ByFirstBytesAsync(request.BodyReader, cancellationToken);
        try
        {
            return EventKind.Of(schema).OpenReader(format, request.BodyReader.AsStream(), BodyName, schema);
        }
        catch (NotSupportedException e)
        {
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
    }

    private static string? ByContentType(string? contentType)
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

        return EventMediaType.All.FirstOrDefault(f => f.MediaType == type)?.Format
            ?? throw new ProblemException(StatusCodes.Status415UnsupportedMediaType,
                $"Content-Type is '{contentType}', expected one of {string.Join(", ", EventMediaType.All.Select(f => f.MediaType))}, or application/octet-stream to let the first bytes decide.");
    }

    /// <summary>NumPy's magic, an opening brace, or else Dark Machines text, packed or not.</summary>
    private static async Task<string> ByFirstBytesAsync(PipeReader body, CancellationToken cancellationToken)
    {
        var peek = await body.ReadAsync(cancellationToken);
        var first = peek.Buffer.IsEmpty ? 0 : peek.Buffer.FirstSpan[0];
        body.AdvanceTo(peek.Buffer.Start);
        return first switch
        {
            0x93 => NpyWriter.FormatName,
            (byte)'{' => JsonLinesWriter.FormatName,
            _ => DarkMachinesWriter.FormatName,
        };
    }
}

using System.Text;
using System.Text.Json;

using EventService.Server.Problems;

using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace EventService.Server.Events;

/// <summary>The parameters of a request as texts: from the query, from a flat JSON object in the body, or from both.</summary>
internal static class RequestParameters
{
    /// <exception cref="ProblemException">A name has two values, or the body is not a flat JSON object.</exception>
    public static async Task<Dictionary<string, string>> ReadAsync(HttpRequest request, long maximumBodyBytes, CancellationToken cancellationToken)
    {
        var parameters = FromQuery(request);
        if (await HasBodyAsync(request, maximumBodyBytes, cancellationToken))
        {
            foreach (var (name, value) in await FromJsonAsync(request, cancellationToken))
            {
                Add(parameters, name, value);
            }
        }

        return parameters;
    }

    public static Dictionary<string, string> FromQuery(HttpRequest request)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        // The collection of ASP.NET ignores case; names here do not (mGluino).
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            Add(parameters, pair.DecodeName().ToString(), pair.DecodeValue().ToString());
        }

        return parameters;
    }

    /// <summary>curl -X POST sends no body, curl -d '' an empty form: both are fine without JSON.</summary>
    private static async Task<bool> HasBodyAsync(HttpRequest request, long maximumBodyBytes, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maximumBodyBytes;
        }

        if (request.ContentLength == 0 || request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return false;
        }

        var first = await request.BodyReader.ReadAsync(cancellationToken);
        request.BodyReader.AdvanceTo(first.Buffer.Start);
        return !first.Buffer.IsEmpty;
    }

    private static async Task<List<(string Name, string Value)>> FromJsonAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType,
                $"The body is '{request.ContentType}', expected 'application/json' with the parameters as members, or no body and the parameters in the query.");
        }

        try
        {
            // Duplicate names are refused: of two seeds, neither is the right one.
            using var json = await JsonDocument.ParseAsync(request.Body, new JsonDocumentOptions { AllowDuplicateProperties = false }, cancellationToken);
            return json.RootElement.ValueKind == JsonValueKind.Object
                ? [.. json.RootElement.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null).Select(p => (p.Name, Text(p)))]
                : throw new ProblemException(StatusCodes.Status400BadRequest, $"The body is a JSON {json.RootElement.ValueKind}, expected an object with the parameters as members.");
        }
        catch (JsonException e)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, $"The body is not valid JSON: {e.Message}");
        }
        catch (InvalidOperationException e) when (e.InnerException is DecoderFallbackException)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "The body is not valid JSON: a text in it is not UTF-8.");
        }
    }

    /// <summary>Numbers keep their digits (a seed has more than a double holds); lists become a,b,c as in the query.</summary>
    private static string Text(JsonProperty property) => property.Value.ValueKind switch
    {
        JsonValueKind.String => property.Value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => property.Value.GetRawText(),
        JsonValueKind.Array when property.Value.EnumerateArray().All(e => e.ValueKind is JsonValueKind.String or JsonValueKind.Number) =>
            string.Join(',', property.Value.EnumerateArray().Select(e => e.ToString())),
        _ => throw new ProblemException(StatusCodes.Status400BadRequest, $"{property.Name} is a JSON {property.Value.ValueKind}, expected a text, a number, true, false or a list of texts or numbers."),
    };

    /// <summary>The same value twice contradicts nothing: Swagger's page fills in both the query and the body.</summary>
    private static void Add(Dictionary<string, string> parameters, string name, string value)
    {
        if (!parameters.TryAdd(name, value) && parameters[name] != value)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, $"{name} is given as '{parameters[name]}' and as '{value}', expected one value.");
        }
    }
}

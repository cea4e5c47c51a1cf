using System.Text.Json.Nodes;

using EventService.Generation.Requests;

namespace EventService.Server.ApiDocs;

/// <summary>Metadata of an endpoint that reads its request and writes its answer itself: what the documentation page shows.</summary>
/// <param name="Parameters">Query parameters; their examples together make a request that works.</param>
/// <param name="Bodies">Bodies it reads, by media type, each with an example that works.</param>
/// <param name="Answers">Media types it answers with.</param>
/// <param name="Headers">Headers of its answers: name and meaning.</param>
/// <param name="Answer">What it answers.</param>
/// <param name="Status">The status that it answers with if all is well.</param>
internal sealed record OperationDocs(
    IReadOnlyList<RequestParameter> Parameters,
    IReadOnlyDictionary<string, JsonNode> Bodies,
    IReadOnlyList<string> Answers,
    IReadOnlyDictionary<string, string> Headers,
    string Answer = "The events, streamed; a break without the end of the stream means that they are not complete.",
    int Status = StatusCodes.Status200OK);

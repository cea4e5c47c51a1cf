using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Models.Contracts;
using EventService.Models.Documents;

namespace EventService.Generation.Requests;

/// <summary>
/// All that a sample depends on, and what it is normalised to: enough to make it again, bit by bit. Complete before the
/// first event.
/// </summary>
public sealed record Receipt
{
    /// <summary>What <see cref="Format"/> says of events that were streamed over gRPC, as columns in messages.</summary>
    public const string GrpcFormat = "grpc";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
    };

    public required string Process { get; init; }

    public required string Model { get; init; }

    /// <summary>Number of the version in the registry; null for a model from a file.</summary>
    public int? Version { get; init; }

    public required string Sha256 { get; init; }

    /// <summary>Unsigned 64-bit; a text, since JSON numbers lose digits beyond 2^53.</summary>
    public required string Seed { get; init; }

    public required long First { get; init; }

    public required long N { get; init; }

    /// <summary>Values of the model's conditions; empty where <see cref="Scan"/> has them.</summary>
    public required IReadOnlyDictionary<string, double> Condition { get; init; }

    /// <summary>
    /// The alternatives of these values, for the reader: what makes the events again is <see cref="Condition"/>. Null where the model's
    /// parameters have none, or <see cref="Scan"/> has them.
    /// </summary>
    public IReadOnlyDictionary<string, double>? Alternative { get; init; }

    /// <summary>The conditions as they were asked for, where events have different ones; null where all have the same.</summary>
    public IReadOnlyDictionary<string, string>? Scan { get; init; }

    /// <summary>How the number of an event tells its point; null where there is one.</summary>
    public string? Mapping { get; init; }

    /// <summary>The points that take turns, each with its yield; null where there is one, or values are drawn.</summary>
    public IReadOnlyList<ReceiptPoint>? Points { get; init; }

    /// <summary>What a user should know of the values, a sentence each; null where there is nothing.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    public required string Numerics { get; init; }

    public required string ServiceVersion { get; init; }

    public required string Format { get; init; }

    /// <summary>Columns asked for; null for all.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>The cut; <see cref="N"/> counts the events before it. Null for none.</summary>
    public string? Cut { get; init; }

    public required bool LogDensity { get; init; }

    /// <summary>Cross-section before the event selection [pb]; null where events have different conditions.</summary>
    public double? CrossSectionPb { get; init; }

    /// <summary>Fraction of the events that pass the event selection; null where events have different conditions.</summary>
    public double? SelectionEfficiency { get; init; }

    /// <summary>Mean share of draws that are kept, and its standard error.</summary>
    public required double Acceptance { get; init; }

    public required double AcceptanceError { get; init; }

    /// <summary>Integrated luminosity asked for [1/fb].</summary>
    public double? Lumi { get; init; }

    /// <summary>Events expected in <see cref="Lumi"/> after the selection: cross-section [pb] * efficiency * lumi * 1000.</summary>
    public double? ExpectedEvents { get; init; }

    /// <summary>What each of the n events counts for in <see cref="Lumi"/>: <see cref="ExpectedEvents"/> / n.</summary>
    public double? EventNormalisation { get; init; }

    /// <summary>Compact JSON in ASCII, as it fits into a header.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    /// <exception cref="RequestException">The text cannot be read as one.</exception>
    public static Receipt FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<Receipt>(json, s_json) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new RequestException(RequestFault.BadValue, $"The receipt cannot be read, expected the JSON of the header EventService-Receipt, whole: {e.Message}");
        }
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Models.Documents;

namespace EventService.Models.Cards;

/// <summary>
/// The short form of an evaluation that stands beside a model file as NAME.card.json and in the registry: figures, gates, and
/// whether they are passed.
/// </summary>
public sealed record EvaluationCard
{
    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options) { WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>All figures are within the gates.</summary>
    public required bool Passed { get; init; }

    public required EvaluationGates Gates { get; init; }

    /// <summary>Each gate that is not passed, in words.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    public required DateTimeOffset Created { get; init; }
    public required string ServiceVersion { get; init; }
    public required SampleSummary MonteCarlo { get; init; }
    public required SampleSummary Generated { get; init; }

    public required double Auc { get; init; }
    public required double AucError { get; init; }
    public required double MedianWassersteinRatio { get; init; }

    /// <summary>By falling ratio.</summary>
    public required IReadOnlyList<CardObservable> Observables { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, s_options);
}

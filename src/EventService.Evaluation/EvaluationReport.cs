using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Evaluation.Html;
using EventService.Models.Cards;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Numerics.Statistics;

namespace EventService.Evaluation;

/// <summary>Everything that an evaluation found, as JSON and as the source of the <see cref="Html.HtmlReport"/>.</summary>
public sealed record EvaluationReport
{
    public const int CurrentFormatVersion = 1;

    private static readonly JsonSerializerOptions Options = new(ModelJson.Options)
    {
        Converters = { new FiniteOrNull() },
        WriteIndented = true,
    };

    public int FormatVersion { get; init; } = CurrentFormatVersion;

    public required DateTimeOffset Created { get; init; }
    public required string ServiceVersion { get; init; }
    public required SampleSummary MonteCarlo { get; init; }
    public required SampleSummary Generated { get; init; }

    /// <summary>The model's document; null where the events came from a file.</summary>
    public ModelDocument? Model { get; init; }

    public required FloorSummary Floor { get; init; }
    public required IReadOnlyList<ObservableResult> Observables { get; init; }

    /// <summary>The first generated sample particle by particle; null for tables, which have no particles.</summary>
    public ParticleComparison? Particles { get; init; }

    /// <summary>The same of as many other Monte Carlo events.</summary>
    public ParticleComparison? ParticlesFloor { get; init; }

    /// <summary>The classifier two-sample test, one a seed.</summary>
    public required IReadOnlyList<C2stResult> Classifier { get; init; }

    /// <summary>The null test, then the planted distortions; empty where not asked for.</summary>
    public IReadOnlyList<PowerResult> Power { get; init; } = [];

    /// <summary>Wall time of the evaluation.</summary>
    public required double Seconds { get; init; }

    /// <summary>Mean area under the ROC curve over the seeds.</summary>
    public double Auc => Classifier.Average(c => c.Roc.Auc);

    /// <summary>Standard error of the area: the mean of DeLong's, with the spread over seeds added in quadrature.</summary>
    public double AucError => Math.Sqrt(
        Math.Pow(Classifier.Average(c => c.Roc.Error), 2) + (Classifier.Count < 2 ? 0 : Math.Pow(Moments.StandardDeviation([.. Classifier.Select(c => c.Roc.Auc)]), 2)));

    /// <summary>The observable with the largest W1 over its floor.</summary>
    [JsonIgnore]
    public ObservableResult Worst => Observables.MaxBy(o => double.IsNaN(o.Wasserstein.Ratio) ? 0 : o.Wasserstein.Ratio)!;

    public double LargestWassersteinRatio => Worst.Wasserstein.Ratio;

    public double MedianWassersteinRatio
    {
        get
        {
            var ratios = Observables.Select(o => o.Wasserstein.Ratio).Where(double.IsFinite).Order().ToArray();
            return ratios.Length == 0 ? double.NaN : (ratios[(ratios.Length - 1) / 2] + ratios[ratios.Length / 2]) / 2;
        }
    }

    /// <summary>Observables whose W1 is above three times its floor.</summary>
    public int ObservablesAboveThreeFloors => Observables.Count(o => o.Wasserstein.Ratio > 3);

    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>JSON has no NaN and no infinities: they become null.</summary>
    private sealed class FiniteOrNull : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override bool HandleNull => true;

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
            {
                writer.WriteNumberValue(value);
            }
            else
            {
                writer.WriteNullValue();
            }
        }
    }
}

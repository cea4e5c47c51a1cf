using System.Text.Json.Serialization;

namespace EventService.Models.Conditions;

/// <summary>A point of its conditions that a model was trained at.</summary>
/// <param name="Values">One for each parameter, in their order.</param>
public sealed record TrainedPoint(IReadOnlyList<double> Values)
{
    /// <summary>Cross-section before the event selection [pb]; null where nobody said, then that of the model holds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? CrossSectionPb { get; init; }

    /// <summary>Share of the events that pass the selection, 0 to 1; null where nobody said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? SelectionEfficiency { get; init; }

    /// <summary>Events that trained the model at this point.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TrainingEvents { get; init; }

    /// <summary>Name of their file, and its digest.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DataFile { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DataSha256 { get; init; }

    /// <summary>What is wrong; null if nothing is.</summary>
    internal string? Fault() =>
        (CrossSectionPb is null) != (SelectionEfficiency is null) ? $"a trained point has the cross-section {CrossSectionPb} and the efficiency {SelectionEfficiency}, expected both or none"
        : CrossSectionPb is { } pb && !(double.IsFinite(pb) && pb > 0) ? $"a trained point has the cross-section {pb} pb, expected a number above 0: its logarithm is interpolated"
        : SelectionEfficiency is { } share && share is not (>= 0 and <= 1) ? $"a trained point has the selection efficiency {share}, expected 0 to 1"
        : null;
}

using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Generation.Conditions;
using EventService.Physics.Events;

namespace EventService.Generation;

/// <summary>
/// The JSON document in the metadata of a model file (safetensors header, key "eventservice"): everything about a model
/// that is not a tensor. Immutable, and covered by the file's sha256.
/// </summary>
public sealed record ModelDocument
{
    public const string MetadataKey = "eventservice";
    public const int CurrentFormatVersion = 1;

    public required int FormatVersion { get; init; }

    /// <summary>Name of the model, such as "ttbar-objects"; also the default name in the registry.</summary>
    public required string Name { get; init; }

    /// <summary>Physics process as clients ask for it, such as "ttbar".</summary>
    public required string Process { get; init; }

    public required string Description { get; init; }

    /// <summary>Architecture's name; <see cref="Hyperparameters"/> are read by that architecture.</summary>
    public required string Architecture { get; init; }

    public required JsonElement Hyperparameters { get; init; }

    /// <summary>Preprocessing with its parameters, read by the architecture.</summary>
    public required JsonElement Preprocessing { get; init; }

    public required SampleSchema Schema { get; init; }

    /// <summary>Parameters that the model is conditioned on; empty for an unconditional one.</summary>
    public required IReadOnlyList<ConditionParameter> Conditions { get; init; }

    /// <summary>The points of its conditions that the model was trained at, and what cannot be; null where the ranges of <see cref="Conditions"/> are all that is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConditionDomain? Domain { get; init; }

    /// <summary>Cross-section of the process before the event selection [pb]; where the points of <see cref="Domain"/> have their own, the mean of these.</summary>
    public required double CrossSectionPb { get; init; }

    /// <summary>Fraction of the simulated events that pass the event selection.</summary>
    public required double SelectionEfficiency { get; init; }

    /// <summary>Sum of weights of the training file: expected events in 10/fb after the selection.</summary>
    public required double SumOfWeights { get; init; }

    /// <summary>Mean acceptance: the share of draws that are kept by the validity filter, a refinement, and a support.</summary>
    public required double Acceptance { get; init; }

    /// <summary>Standard error of <see cref="Acceptance"/>.</summary>
    public required double AcceptanceError { get; init; }

    public required TrainingProvenance Training { get; init; }

    /// <summary>sha256 of the model this one was trained further from; null for a fresh one.</summary>
    public string? ParentSha256 { get; init; }

    /// <summary>Weight of every event: cross-section times selection efficiency [pb].</summary>
    /// <exception cref="ModelFormatException">It is not finite: better refused on loading than found in the events.</exception>
    public double EventWeight()
    {
        var weight = CrossSectionPb * SelectionEfficiency;
        return double.IsFinite(weight)
            ? weight
            : throw new ModelFormatException($"The weight of an event, cross-section {CrossSectionPb} pb times efficiency {SelectionEfficiency}, is {weight}, expected a finite number.");
    }

    /// <summary>The schema of a model of whole events, with today's columns.</summary>
    /// <exception cref="ModelFormatException">The document has other columns.</exception>
    public SampleSchema WholeEventSchema() => DarkMachinesSchema.Upgrade(Schema)
        ?? throw new ModelFormatException($"The schema has the columns {Schema.Describe()}, expected those of whole collision events.");
}

/// <summary>A parameter that events are conditioned on, such as mGluino in GeV, with the hull of the training points.</summary>
public sealed record ConditionParameter(string Name, string Unit, string Description, double Minimum, double Maximum, IReadOnlyList<double> TrainedPoints)
{
    /// <summary>Another parameter that requests may give in place of this one; null where there is none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AlternativeParameter? Alternative { get; init; }

    /// <summary>The names that requests may give it by: its own, and that of <see cref="Alternative"/>.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Names => Alternative is null ? [Name] : [Name, Alternative.Name];
}

/// <summary>How a model was trained: enough to do it again.</summary>
public sealed record TrainingProvenance
{
    /// <summary>The command line, with the data file by name only.</summary>
    public required string Command { get; init; }
    public required string DataFile { get; init; }
    public required string DataSha256 { get; init; }
    public required long TrainingEvents { get; init; }
    public required long ValidationEvents { get; init; }
    public required long TestEvents { get; init; }
    public required ulong Seed { get; init; }
    public required int Epochs { get; init; }
    public required int BestEpoch { get; init; }

    /// <summary>Mean negative log-likelihood per event [nat], training and validation, at the best epoch.</summary>
    public required double TrainingLoss { get; init; }
    public required double ValidationLoss { get; init; }
    public required string ServiceVersion { get; init; }
}

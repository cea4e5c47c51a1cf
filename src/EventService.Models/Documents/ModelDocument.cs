using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.Documents;

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

    /// <summary>
    /// The points of its conditions that the model was trained at, and what cannot be; null where the ranges of <see cref="Conditions"/>
    /// are all that is known.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ConditionDomain? Domain { get; init; }

    /// <summary>
    /// Cross-section of the process before the event selection [pb]; where the points of <see cref="Domain"/> have their own, the mean of
    /// these.
    /// </summary>
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

    /// <summary>The values that the conditions may have.</summary>
    /// <exception cref="ModelFormatException">The domain does not belong to the conditions, or one of their alternatives is
    /// faulty.</exception>
    public ConditionSpace ConditionSpace() => new(Conditions, Domain, new PointYield(CrossSectionPb, SelectionEfficiency));

    /// <summary>Weight of every event: cross-section times selection efficiency [pb].</summary>
    /// <exception cref="ModelFormatException">It is not finite: better refused on loading than found in the events.</exception>
    public double EventWeight()
    {
        var weight = CrossSectionPb * SelectionEfficiency;
        return double.IsFinite(weight)
            ? weight
            : throw new ModelFormatException($"The weight of an event, cross-section {CrossSectionPb} pb times efficiency {SelectionEfficiency}, is {weight}, expected a finite number.");
    }

    /// <summary>The schema of a model that has events of one kind only, with today's columns.</summary>
    /// <exception cref="ModelFormatException">The document has columns of another kind.</exception>
    public SampleSchema SchemaOf(EventKind kind)
    {
        ArgumentNullException.ThrowIfNull(kind);
        return kind.Upgrade(Schema)
            ?? throw new ModelFormatException($"The schema has the columns {Schema.Describe()}, expected those of {kind.Name}.");
    }
}

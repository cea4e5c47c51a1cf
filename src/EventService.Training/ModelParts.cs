using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training;

/// <summary>What an architecture gives to its model file.</summary>
public sealed record ModelParts
{
    /// <summary>Its name, by which the file is read.</summary>
    public required string Architecture { get; init; }

    public required JsonElement Hyperparameters { get; init; }

    public required JsonElement Preprocessing { get; init; }

    public required SampleSchema Schema { get; init; }

    public required IReadOnlyList<SafeTensor> Tensors { get; init; }

    /// <summary>Parameters that the model is conditioned on.</summary>
    public IReadOnlyList<ConditionParameter> Conditions { get; init; } = [];

    /// <summary>Its trained points, where it has some.</summary>
    public ConditionDomain? Domain { get; init; }

    /// <summary>Share of its draws that are kept.</summary>
    public double Acceptance { get; init; } = 1;

    /// <summary>Standard error of <see cref="Acceptance"/>.</summary>
    public double AcceptanceError { get; init; }

    /// <summary>Digest of the model that it was trained further from.</summary>
    public string? ParentSha256 { get; init; }
}

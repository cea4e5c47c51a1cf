using System.Text.Json.Serialization;

using EventService.Models.Flows.Networks;

namespace EventService.Training.Layers;

/// <summary>Kind and size of the networks of a flow; all its layers have equal ones.</summary>
/// <param name="Width">Hidden units of a layer.</param>
/// <param name="Blocks">Hidden layers of a feed-forward network; residual blocks of two layers of a residual one.</param>
/// <param name="Residual">Residual blocks h + W2 f(W1 f(h) + b1) + b2 (He et al. 2016, arXiv:1603.05027) instead of plain layers.</param>
/// <param name="Activation">f.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ConditionerSizes(int Width, int Blocks, bool Residual = false, FlowActivation Activation = FlowActivation.Relu)
{
    /// <summary>Numbers of the condition that gates the hidden layers; 0 for none.</summary>
    [JsonIgnore]
    public int Conditions { get; init; }

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault() => Width is < 1 or > 16_384 || Blocks is < 1 or > 64
        ? $"The networks have width {Width} and {Blocks} blocks, expected 1 to 16384 and 1 to 64."
        : null;
}

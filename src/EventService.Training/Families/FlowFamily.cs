using System.Text.Json.Serialization;

using EventService.Training.Layers;

namespace EventService.Training.Families;

/// <summary>A kind of flow with its hyper-parameters, as a recipe names it.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "family", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(Made), "made")]
[JsonDerivedType(typeof(MadeMog), "made-mog")]
[JsonDerivedType(typeof(MaskedAutoregressiveFlow), "maf")]
[JsonDerivedType(typeof(MafMadeMog), "maf-made-mog")]
[JsonDerivedType(typeof(InverseAutoregressiveFlow), "iaf")]
[JsonDerivedType(typeof(AutoregressiveSplineFlow), "a-rqs")]
[JsonDerivedType(typeof(NeuralSplineFlow), "nsf")]
[JsonDerivedType(typeof(RealNvp), "realnvp")]
[JsonDerivedType(typeof(Glow), "glow")]
[JsonDerivedType(typeof(FlowMatching), "flow-matching")]
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public abstract record FlowFamily
{
    /// <summary>The names in recipes, for messages.</summary>
    public const string Names = "made, made-mog, maf, maf-made-mog, iaf, a-rqs, nsf, realnvp, glow, flow-matching";

    /// <summary>Networks of all layers.</summary>
    public required ConditionerSizes Network { get; init; }

    /// <summary>What is wrong with the hyper-parameters for so many features; null if nothing is.</summary>
    public virtual string? Fault(int features) => features < 1 ? $"A flow has {features} features, expected at least 1." : Network.Fault();
}

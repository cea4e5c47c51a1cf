using System.Text.Json.Serialization;

using EventService.Training.Layers;
using EventService.Training.Recipes;

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
public abstract record FlowFamily
{
    /// <summary>The name in recipes.</summary>
    [JsonIgnore]
    public string FamilyName => JsonShape.NameOf(this, typeof(FlowFamily), RecipeJson.Options);

    /// <summary>Networks of all layers.</summary>
    public required ConditionerSizes Network { get; init; }

    /// <summary>What is wrong with the hyper-parameters for this number of features; null if nothing is.</summary>
    public virtual string? Fault(int features) => features < 1 ? $"A flow has {features} features, expected at least 1." : Network.Fault();
}

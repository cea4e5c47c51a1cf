using System.Text.Json.Serialization;

using EventService.Engine.Tensors;
using EventService.Generation.Architectures.Flows.Families;

namespace EventService.Generation.Architectures.Flows.Trainable;

/// <summary>A kind of flow with its hyper-parameters, as a recipe names it: gives the layers from the data to a standard normal base.</summary>
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
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public abstract record FlowFamily
{
    /// <summary>The names in recipes, for messages.</summary>
    public const string Names = "made, made-mog, maf, maf-made-mog, iaf, a-rqs, nsf, realnvp, glow";

    /// <summary>Networks of all layers.</summary>
    public required ConditionerSizes Network { get; init; }

    /// <summary>What is wrong with the hyper-parameters for so many features; null if nothing is.</summary>
    public virtual string? Fault(int features) => features < 1 ? $"A flow has {features} features, expected at least 1." : Network.Fault();

    /// <summary>The layers from the data to the base distribution.</summary>
    /// <param name="features">D.</param>
    /// <param name="parameters">Takes the parameters.</param>
    /// <param name="seed">Of random permutations.</param>
    public abstract IReadOnlyList<TrainableLayer> Build(int features, ParameterSet parameters, ulong seed);

    /// <summary>The message where a number of layers is out of range.</summary>
    protected static string? LayersFault(int layers) => layers is < 1 or > 100 ? $"The flow has {layers} layers, expected 1 to 100." : null;

    /// <summary>The message where couplings have nothing to couple.</summary>
    protected static string? CouplingFault(int features) => features < 2 ? $"A flow of couplings has {features} features, expected at least 2." : null;
}

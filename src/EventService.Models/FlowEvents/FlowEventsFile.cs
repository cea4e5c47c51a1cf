using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Engine.Serialization;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.FlowEvents;

/// <summary>
/// A composition of flows as a model file: each flow as in its own file, its tensors named <c>flows/NAME/...</c>, and the counts where they
/// are drawn.
/// </summary>
public static class FlowEventsFile
{
    private const int MostCandidates = 100_000;
    private const int MostSlots = 64;

    /// <summary>A flow without its matrices.</summary>
    private sealed record FlowText(string[] Columns, JsonElement Hyperparameters, JsonElement Preprocessing);

    /// <summary>What a composition has not is null.</summary>
    private sealed record Hyperparameters(string Composition, Dictionary<string, FlowText> Flows)
    {
        public int? Candidates { get; init; }

        public ObjectType[]? Slots { get; init; }
    }

    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static ModelArchitecture Architecture { get; } = new(
        FlowEventsModel.ArchitectureName,
        "whole events composed of several flows and counts",
        ModelCapabilities.None,
        Read);

    /// <summary>Hyper-parameters for a document, and the tensors.</summary>
    public static (JsonElement Hyperparameters, IReadOnlyList<SafeTensor> Tensors) Describe(IEventComposition composition)
    {
        ArgumentNullException.ThrowIfNull(composition);
        List<SafeTensor> tensors = [];
        Dictionary<string, FlowText> flows = [];
        foreach (var (name, flow) in composition.Flows)
        {
            var (hyperparameters, preprocessing, own) = LayeredFlowFile.Describe(flow.Schema.Scalars.Count, flow.Layers, flow.Base, flow.Columns);
            flows[name] = new FlowText([.. flow.Schema.Scalars.Select(s => s.Name)], hyperparameters, preprocessing);
            tensors.AddRange(own.Select(t => t with { Name = Prefix(name) + t.Name }));
        }

        var text = composition switch
        {
            ParticleFlows => new Hyperparameters(ParticleFlows.CompositionName, flows),
            CumulativeParticleFlows particles => new Hyperparameters(CumulativeParticleFlows.CompositionName, flows) { Candidates = particles.Candidates },
            FixedEventFlow events => new Hyperparameters(FixedEventFlow.CompositionName, flows) { Slots = [.. events.Slots] },
            _ => throw new ArgumentException($"A composition of type {composition.GetType().Name} has no file format."),
        };
        if (composition.Counts is { } counts)
        {
            tensors.AddRange(CountTensors.Describe(counts.Table));
        }

        return (JsonSerializer.SerializeToElement(text, s_options), tensors);
    }

    /// <summary>Builds the model of a file.</summary>
    /// <exception cref="ModelFormatException">The document and the tensors do not make a model; the message says what was found and
    /// expected.</exception>
    public static FlowEventsModel Read(ModelDocument document, SafeTensorsFile file, ReadOnlyMemory<byte> sha256)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(file);
        var hyper = document.Hyperparameters.Deserialize<Hyperparameters>(s_options)
            ?? throw new ModelFormatException("The document has no hyper-parameters.");
        var flows = hyper.Flows.ToDictionary(p => p.Key, p => Build(document, p.Key, p.Value, file));
        return new FlowEventsModel(Compose(hyper, flows, file), document.SchemaOf(EventKind.WholeEvent), document.EventWeight(), sha256);
    }

    private static IEventComposition Compose(Hyperparameters hyper, Dictionary<string, LayeredFlow> flows, SafeTensorsFile file)
    {
        switch (hyper.Composition)
        {
            case ParticleFlows.CompositionName:
                return new ParticleFlows(new CountDistribution(CountTensors.Read(file)), flows);
            case CumulativeParticleFlows.CompositionName:
                return hyper.Candidates is { } candidates and >= 1 and <= MostCandidates
                    ? new CumulativeParticleFlows(new CountDistribution(CountTensors.Read(file)), candidates, flows)
                    : throw new ModelFormatException($"Hyper-parameter candidates is {hyper.Candidates}, expected 1 to {MostCandidates}.");
            case FixedEventFlow.CompositionName:
                return hyper.Slots is { Length: >= 1 and <= MostSlots } slots && slots.All(Enum.IsDefined)
                    ? new FixedEventFlow(slots, flows)
                    : throw new ModelFormatException($"Hyper-parameter slots has {hyper.Slots?.Length} types of objects, expected 1 to {MostSlots}.");
            default:
                throw new ModelFormatException($"The composition is '{hyper.Composition}', expected '{ParticleFlows.CompositionName}', '{CumulativeParticleFlows.CompositionName}' or '{FixedEventFlow.CompositionName}'.");
        }
    }

    private static LayeredFlow Build(ModelDocument document, string name, FlowText text, SafeTensorsFile file)
    {
        // Only its digest makes a flow's own events different from another's; here the composition draws.
        var own = document with
        {
            Name = name,
            Hyperparameters = text.Hyperparameters,
            Preprocessing = text.Preprocessing,
            Schema = new SampleSchema([.. text.Columns.Select(c => new ColumnSchema(c, "1", c))], []),
            Conditions = [],
        };
        return (LayeredFlow)LayeredFlowFile.Architecture.Build(own, file.Within(Prefix(name)), new byte[32]);
    }

    private static string Prefix(string flow) => $"flows/{flow}/";
}

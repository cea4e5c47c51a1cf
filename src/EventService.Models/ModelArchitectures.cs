using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.FlowEvents;
using EventService.Models.Flows;
using EventService.Models.GaussianMixture;
using EventService.Models.ObjectFlow;

namespace EventService.Models;

/// <summary>
/// The architectures that model files can have. A new one is a folder of its own and a line here; docs/adding-an-architecture.md walks
/// through one.
/// </summary>
public static class ModelArchitectures
{
    public static IReadOnlyList<ModelArchitecture> All { get; } =
    [
        ObjectFlowFile.Architecture,
        LayeredFlowFile.Architecture,
        FlowEventsFile.Architecture,
        LayeredFlowFile.TransportedArchitecture,
        GaussianMixtureFile.Architecture,
    ];

    /// <summary>The architecture of a document.</summary>
    /// <exception cref="ModelFormatException">It is unknown, or cannot have conditions and the document has some.</exception>
    public static ModelArchitecture Of(ModelDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var found = All.FirstOrDefault(a => a.Name == document.Architecture)
            ?? throw new ModelFormatException($"The model has the architecture '{document.Architecture}', expected {NamesOf(All, "or")}.");
        return document.Conditions.Count == 0 || found.Has(ModelCapabilities.Conditions)
            ? found
            : throw new ModelFormatException(
                $"The model has the conditions {string.Join(", ", document.Conditions.Select(c => c.Name))}, but its architecture '{found.Name}' takes none. "
                + $"Expected no conditions, or one of {NamesOf(All.Where(a => a.Has(ModelCapabilities.Conditions)), "or")}.");
    }

    /// <summary>The sentence for whoever asks a model for a density that it has not.</summary>
    public static string WithoutDensity(ModelDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return $"Model '{document.Name}' ({document.Architecture}) has no density. Those of {NamesOf(All.Where(a => a.Has(ModelCapabilities.Density)), "and")} have one.";
    }

    private static string NamesOf(IEnumerable<ModelArchitecture> architectures, string last)
    {
        string[] names = [.. architectures.Select(a => $"'{a.Name}'")];
        return names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])} {last} {names[^1]}";
    }
}

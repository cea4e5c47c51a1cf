using EventService.Models.Flows;
using EventService.Models.Sampling;

namespace EventService.Models.FlowEvents;

/// <summary>The flows of a composition.</summary>
internal static class FlowsByName
{
    /// <exception cref="ArgumentException">There is none of this name, or it has another number of columns.</exception>
    public static LayeredFlow Require(IReadOnlyDictionary<string, LayeredFlow> flows, string name, int columns)
    {
        if (!flows.TryGetValue(name, out var flow))
        {
            throw new ArgumentException($"There is no flow '{name}', only {string.Join(", ", flows.Keys)}.");
        }

        return flow.Schema.Scalars.Count == columns
            ? flow
            : throw new ArgumentException($"The flow '{name}' has {flow.Schema.Scalars.Count} columns, expected {columns}.");
    }
}

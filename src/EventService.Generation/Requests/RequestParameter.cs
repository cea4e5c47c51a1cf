using EventService.Models.Conditions;
using EventService.Models.Contracts;

namespace EventService.Generation.Requests;

/// <summary>One parameter of a request: the same names in the query, in a JSON body, and in messages.</summary>
/// <param name="Name">Case-sensitive.</param>
/// <param name="Description">For the documentation.</param>
/// <param name="Example">A value that works, or null where none does for every model.</param>
/// <param name="Values">The values there are, or null where they are not a fixed list.</param>
public sealed record RequestParameter(string Name, string Description, string? Example = null, IReadOnlyList<string>? Values = null)
{
    /// <summary>Refuses names that are neither of these parameters nor of these conditions or their alternatives.</summary>
    /// <exception cref="RequestException">A name is unknown; the message lists the known ones.</exception>
    public static void RequireKnown(IEnumerable<string> names, IEnumerable<RequestParameter> known, IEnumerable<ConditionParameter> conditions)
    {
        ArgumentNullException.ThrowIfNull(names);
        string[] all = [.. known.Select(p => p.Name), .. conditions.SelectMany(c => c.Names)];
        foreach (var name in names)
        {
            if (!all.Contains(name, StringComparer.Ordinal))
            {
                throw new RequestException(RequestFault.BadValue, $"Parameter '{name}' is not known. Known: {string.Join(", ", all)}.");
            }
        }
    }
}

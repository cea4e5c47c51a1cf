namespace EventService.Registry.Keys;

/// <summary>What a key allows.</summary>
public static class KeyScope
{
    /// <summary>See models, documents, histories and files.</summary>
    public const string Read = "read";

    /// <summary>Ask for events and densities.</summary>
    public const string Generate = "generate";

    /// <summary>Publish models and cards, move aliases, retire versions.</summary>
    public const string Publish = "publish";

    /// <summary>Everything: also make and revoke keys, and move production by override.</summary>
    public const string Admin = "admin";

    public static IReadOnlyList<string> All { get; } = [Read, Generate, Publish, Admin];

    /// <summary>Whether these scopes allow what takes that one.</summary>
    public static bool Allow(IEnumerable<string> scopes, string needed) => scopes.Any(s => s == needed || s == Admin);

    /// <summary>Scopes separated by spaces or commas, each once, in the order of <see cref="All"/>; none for an empty text.</summary>
    /// <exception cref="RegistryException">One is not known.</exception>
    public static IReadOnlyList<string> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var named = text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        foreach (var scope in named)
        {
            if (!All.Contains(scope))
            {
                throw new RegistryException(RegistryFault.Invalid, $"Scope '{scope}' is not known, expected {string.Join(", ", All)}.");
            }
        }

        return [.. All.Where(named.Contains)];
    }
}

using System.Text.RegularExpressions;

namespace EventService.Registry;

/// <summary>Which names the registry takes: such that stand in an address and in a shell as they are.</summary>
public static partial class RegistryName
{
    /// <summary>Who acts where nobody has shown a key.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>Who moves an alias at a server's start.</summary>
    public const string Service = "eventservice";

    /// <summary>A model, a process or an alias: a letter or digit, then up to 99 letters, digits, dots, dashes, underscores.</summary>
    /// <exception cref="RegistryException">It is something else.</exception>
    public static void Require(string what, string name)
    {
        if (!Name().IsMatch(name))
        {
            throw Refused(what, name, "a letter or digit and then up to 99 letters, digits, '.', '-' and '_'");
        }
    }

    /// <summary>An alias is a name that cannot be taken for the number of a version.</summary>
    /// <exception cref="RegistryException">It is something else.</exception>
    public static void RequireAlias(string alias)
    {
        if (!Name().IsMatch(alias) || !char.IsAsciiLetter(alias[0]))
        {
            throw Refused("alias", alias, "a letter and then up to 99 letters, digits, '.', '-' and '_'");
        }
    }

    /// <summary>
    /// Somebody whom the history names: as above, or an address with '@'; not the name of the service itself, nor of nobody.
    /// </summary>
    /// <exception cref="RegistryException">It is something else.</exception>
    public static void RequireActor(string what, string name)
    {
        if (!Actor().IsMatch(name))
        {
            throw Refused(what, name, "a letter or digit and then up to 99 letters, digits, '.', '-', '_' and '@'");
        }

        if (name is Service or Anonymous)
        {
            throw new RegistryException(RegistryFault.Invalid, $"The {what} '{name}' is the service's own, expected somebody's name.");
        }
    }

    /// <summary>A reason is what the history will show.</summary>
    /// <exception cref="RegistryException">There is none, or a very long one.</exception>
    public static void RequireReason(string? reason)
    {
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > 1000)
        {
            throw new RegistryException(RegistryFault.Invalid,
                $"The reason {(string.IsNullOrWhiteSpace(reason) ? "is missing" : $"has {reason.Length} characters")}, expected 1 to 1000 characters that say why: the history keeps them.");
        }
    }

    private static RegistryException Refused(string what, string name, string expected) =>
        new(RegistryFault.Invalid, $"The {what} is '{(name.Length > 200 ? name[..200] + "..." : name)}', expected {expected}.");

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._@-]{0,99}\z")]
    private static partial Regex Actor();
}

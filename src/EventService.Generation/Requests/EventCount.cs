using System.Globalization;

using EventService.Models.Contracts;

namespace EventService.Generation.Requests;

/// <summary>Numbers of events as people write them: 1000, 1_000_000, 1e6, 2.5e6, 10k, 2M, 1G.</summary>
public static class EventCount
{
    private const NumberStyles Style = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Reads a whole number from <paramref name="minimum"/> to 2^63 - 1.</summary>
    /// <param name="text">As given by the user.</param>
    /// <param name="name">Name of the parameter, for the message.</param>
    /// <param name="minimum">Smallest value accepted.</param>
    /// <exception cref="RequestException">The text cannot be read as one.</exception>
    public static long Parse(string text, string name, long minimum)
    {
        ArgumentNullException.ThrowIfNull(text);
        var scale = text.Length > 0 ? text[^1] switch { 'k' or 'K' => 1_000m, 'M' => 1_000_000m, 'G' => 1_000_000_000m, _ => 1m } : 1m;
        var digits = scale == 1 ? text : text[..^1];
        if (Underscores(digits) && decimal.TryParse(digits.Replace("_", "", StringComparison.Ordinal), Style, CultureInfo.InvariantCulture, out var value)
            && value <= long.MaxValue / scale && value * scale is var count && count == decimal.Truncate(count) && count >= minimum)
        {
            return (long)count;
        }

        throw new RequestException(RequestFault.BadValue,
            $"{name} is '{text}', expected a whole number from {minimum}, such as 1000, 1_000_000, 1e6, 10k or 2M.");
    }

    /// <summary>Underscores stand between digits only.</summary>
    private static bool Underscores(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '_' && (i == 0 || i == text.Length - 1 || !char.IsAsciiDigit(text[i - 1]) || !char.IsAsciiDigit(text[i + 1])))
            {
                return false;
            }
        }

        return true;
    }
}

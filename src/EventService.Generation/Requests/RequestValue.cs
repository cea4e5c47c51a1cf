using System.Globalization;

using EventService.Models.Contracts;
using EventService.Models.Documents;

namespace EventService.Generation.Requests;

/// <summary>Texts from a query, a JSON body or a command line as values.</summary>
public static class RequestValue
{
    /// <summary>An unsigned 64-bit number in decimal digits.</summary>
    /// <exception cref="RequestException">The text cannot be read as one.</exception>
    public static ulong Seed(string text) =>
        ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
            ? seed
            : throw new RequestException(RequestFault.BadValue, $"seed is '{text}', expected a whole number from 0 to {ulong.MaxValue}.");

    /// <exception cref="RequestException">It is neither true nor false.</exception>
    public static bool Flag(string text, string name) => text switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => throw new RequestException(RequestFault.BadValue, $"{name} is '{text}', expected true or false."),
    };

    /// <summary>A finite decimal number.</summary>
    /// <exception cref="RequestException">The text cannot be read as one.</exception>
    public static double Number(string text, string name) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new RequestException(RequestFault.BadValue, $"{name} is '{text}', expected a number.");

    /// <summary>Checks that the arithmetic asked for is the one there is.</summary>
    /// <exception cref="RequestException">It is another.</exception>
    public static void RequireNumerics(string? profile)
    {
        if (profile is not null and not NumericsProfile.CpuFp32V2)
        {
            throw new RequestException(RequestFault.Cannot, $"Numerics profile '{profile}' is not available here. Available: '{NumericsProfile.CpuFp32V2}'.");
        }
    }
}

using System.Globalization;

namespace EventService.Grpc;

/// <summary>The header grpc-timeout: up to eight digits and a unit, H M S m u n.</summary>
public static class GrpcTimeout
{
    private const long LargestNumber = 99_999_999;

    private static readonly (char Unit, double Ticks)[] s_units =
    [
        ('n', 0.01), ('u', TimeSpan.TicksPerMicrosecond), ('m', TimeSpan.TicksPerMillisecond),
        ('S', TimeSpan.TicksPerSecond), ('M', TimeSpan.TicksPerMinute), ('H', TimeSpan.TicksPerHour),
    ];

    /// <summary>The time of a header, or false if it is none.</summary>
    public static bool TryParse(string text, out TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(text);
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return false;
        }

        foreach (var (unit, ticks) in s_units)
        {
            if (unit == text[^1])
            {
                timeout = TimeSpan.FromTicks((long)Math.Ceiling(number * ticks));
                return true;
            }
        }

        return false;
    }

    /// <summary>The header for a time, in the finest unit whose digits suffice; times already over become the shortest there is.</summary>
    public static string Format(TimeSpan timeout)
    {
        foreach (var (unit, ticks) in s_units)
        {
            var number = Math.Ceiling(Math.Max(1, timeout.Ticks) / ticks);
            if (number <= LargestNumber)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{number:F0}{unit}");
            }
        }

        return $"{LargestNumber}H";
    }
}

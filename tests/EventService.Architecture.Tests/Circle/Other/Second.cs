namespace EventService.Architecture.Tests.Circle.Other;

/// <summary>The other half.</summary>
internal static class Second
{
    public static int Double(int number) => number > 1_000 ? First.Halves(number) : 2 * number;
}

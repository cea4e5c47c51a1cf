using EventService.Architecture.Tests.Circle.Other;

namespace EventService.Architecture.Tests.Circle;

/// <summary>One half of a circle that the tests have to find, inside a lambda as the hardest place.</summary>
internal static class First
{
    public static Func<int, int> Halves { get; } = number => number == 0 ? 0 : Second.Double(number / 2);
}

using EventService.Engine.Random;
using EventService.Numerics.Functions;

namespace EventService.Evaluation;

/// <summary>What resampling, planted distortions and the classifier draw from a Philox stream.</summary>
internal static class RandomDraws
{
    /// <summary>Standard normal.</summary>
    public static double Normal(ref PhiloxStream random) => NormalQuantile.Of(random.NextDouble());

    /// <summary>The first <paramref name="length"/> of 0 .. count - 1 in a random order (Fisher and Yates).</summary>
    public static int[] Permutation(ref PhiloxStream random, int count, int length)
    {
        var order = new int[count];
        for (var k = 0; k < count; k++)
        {
            order[k] = k;
        }

        for (var k = 0; k < Math.Min(length, count - 1); k++)
        {
            var other = k + (int)random.NextBelow((uint)(count - k));
            (order[k], order[other]) = (order[other], order[k]);
        }

        return order[..length];
    }
}

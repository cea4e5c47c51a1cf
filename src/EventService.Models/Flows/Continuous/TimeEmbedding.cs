using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Continuous;

/// <summary>
/// A time s from 0 to 1 as a network takes it: 2 s - 1 and sin(pi k s), cos(pi k s) for k = 1 ... K. Low frequencies only: fields of flow
/// matching change slowly with time, and what they do not need cannot be learnt wrongly.
/// </summary>
public static class TimeEmbedding
{
    /// <summary>Numbers of an embedding with K frequencies.</summary>
    public static int Size(int frequencies) => 1 + (2 * frequencies);

    /// <summary>Writes the embedding of one time.</summary>
    /// <param name="s">0 to 1.</param>
    /// <param name="to"><see cref="Size"/> numbers.</param>
    public static void Fill(double s, Span<double> to)
    {
        to[0] = (2 * s) - 1;
        for (var k = 1; 2 * k < to.Length; k++)
        {
            (to[(2 * k) - 1], to[2 * k]) = SinCos.Of(Math.PI * k * s);
        }
    }
}

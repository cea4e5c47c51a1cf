using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Sampling;
using EventService.Training.Tables;

namespace EventService.Training.Matching;

/// <summary>
/// Paths from the events of each value of the condition to those of the next. The legs have equal shares of a batch; both ends are drawn
/// with replacement, since samples differ in size.
/// </summary>
/// <param name="coordinates">The events.</param>
/// <param name="groups">Rows of each value of the condition, by rising value.</param>
internal sealed class DataPaths(TableCoordinates coordinates, IReadOnlyList<int[]> groups) : IPathSource
{
    public int Legs => groups.Count - 1;

    public void Fill(ReadOnlySpan<int> rows, int use, ref PhiloxStream random, EventPairing pairing, PathBatch batch)
    {
        var (x0, x1) = (new Tensor(0, 0), new Tensor(0, 0));
        batch.Start(rows.Length);
        for (var leg = 0; leg < Legs; leg++)
        {
            var count = (rows.Length * (leg + 1) / Legs) - (rows.Length * leg / Legs);
            coordinates.Fill(Draw(groups[leg], count, ref random), use, x0);
            coordinates.Fill(Draw(groups[leg + 1], count, ref random), use, x1);
            pairing.Pair(x0, x1, [.. Enumerable.Range(0, count)], ref random);
            batch.Add(leg, x0, x1, ref random);
        }
    }

    private static int[] Draw(int[] group, int count, ref PhiloxStream random)
    {
        var drawn = new int[count];
        foreach (ref var row in drawn.AsSpan())
        {
            row = group[random.NextBelow((uint)group.Length)];
        }

        return drawn;
    }
}

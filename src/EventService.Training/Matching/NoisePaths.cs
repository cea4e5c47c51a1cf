using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Training.Tables;

namespace EventService.Training.Matching;

/// <summary>
/// Paths from a standard normal distribution to the events. Only events of the same condition share noise by pairing: noise that depended
/// on the condition would be another noise than that which events are made of.
/// </summary>
internal sealed class NoisePaths(TableCoordinates coordinates) : IPathSource
{
    public int Legs => 1;

    public void Fill(ReadOnlySpan<int> rows, int use, ref PhiloxStream random, EventPairing pairing, PathBatch batch)
    {
        var (x0, x1) = (new Tensor(coordinates.Columns.Count, rows.Length), new Tensor(0, 0));
        coordinates.Fill(rows, use, x1);
        foreach (ref var z in x0.Span)
        {
            z = (float)NormalQuantile.Of(random.NextDouble());
        }

        var condition = coordinates.ConditionOf(rows);
        var groups = Enumerable.Range(0, rows.Length).GroupBy(i => string.Join(' ', Enumerable.Range(0, condition?.Rows ?? 0).Select(c => BitConverter.SingleToInt32Bits(condition!.Value[c, i]))));
        foreach (var group in groups)
        {
            pairing.Pair(x0, x1, [.. group], ref random);
        }

        batch.Start(rows.Length);
        batch.Add(0, x0, x1, ref random);
        batch.Condition = condition;
    }
}

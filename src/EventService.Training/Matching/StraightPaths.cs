using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;
using EventService.Training.Tables;

namespace EventService.Training.Matching;

/// <summary>
/// Paths from each event to where a trained field carries it, straight: rectified flow (X. Liu, C. Gong and Q. Liu, "Flow straight and
/// fast", ICLR 2023, arXiv:2209.03003, sec. 2.1). In many dimensions the optimal pairs of a batch are still far from each other, and their
/// paths, which cross, have midpoints that are narrower than either end; the field's own pairs do not cross.
/// </summary>
/// <remarks>
/// Half of the pairs start from events forwards, half end at events, by the way back: at either end half of the points are data.
/// </remarks>
internal sealed class StraightPaths : IPathSource
{
    // Each event is carried along so often, with other places in cells and other mirror images.
    private const int Copies = 3;

    private readonly Carried[] _groups;

    /// <summary>Events [D, n] of one value of the condition, and where they are at the next and at the one before.</summary>
    private sealed record Carried(Tensor Events, Tensor? Next, Tensor? Previous);

    /// <param name="coordinates">The events.</param>
    /// <param name="groups">Rows of each value of the condition, by rising value.</param>
    /// <param name="teacher">The trained field, of the same values and numbers.</param>
    /// <param name="firstUse">Uses of the coordinates from here on; below 0 one, without mirror images.</param>
    public StraightPaths(TableCoordinates coordinates, IReadOnlyList<int[]> groups, ContinuousLayer teacher, int firstUse)
    {
        _groups = new Carried[groups.Count];
        for (var g = 0; g < groups.Count; g++)
        {
            int[] rows = [.. groups[g]];
            var copies = firstUse < 0 ? 1 : Copies;
            var (all, one) = (new Tensor(coordinates.Columns.Count, rows.Length * copies), new Tensor(0, 0));
            for (var copy = 0; copy < copies; copy++)
            {
                coordinates.Fill(rows, firstUse + copy, one);
                for (var d = 0; d < one.Rows; d++)
                {
                    one.Row(d).CopyTo(all.Row(d)[(copy * rows.Length)..]);
                }
            }

            _groups[g] = new Carried(
                all,
                g + 1 < groups.Count ? Carry(all, teacher.Between(teacher.Anchors![g], teacher.Anchors[g + 1])) : null,
                g > 0 ? Carry(all, teacher.Between(teacher.Anchors![g], teacher.Anchors[g - 1])) : null);
        }
    }

    public int Legs => _groups.Length - 1;

    public void Fill(ReadOnlySpan<int> rows, int use, ref PhiloxStream random, EventPairing pairing, PathBatch batch)
    {
        batch.Start(rows.Length);
        for (var leg = 0; leg < Legs; leg++)
        {
            var count = (rows.Length * (leg + 1) / Legs) - (rows.Length * leg / Legs);
            var (x0, x1) = (new Tensor(_groups[leg].Events.Rows, count), new Tensor(_groups[leg].Events.Rows, count));
            for (var i = 0; i < count; i++)
            {
                var forwards = random.NextBelow(2) == 0;
                var group = forwards ? _groups[leg] : _groups[leg + 1];
                var k = (int)random.NextBelow((uint)group.Events.Columns);
                for (var d = 0; d < x0.Rows; d++)
                {
                    x0[d, i] = forwards ? group.Events[d, k] : group.Previous![d, k];
                    x1[d, i] = forwards ? group.Next![d, k] : group.Events[d, k];
                }
            }

            batch.Add(leg, x0, x1, ref random);
        }
    }

    private static Tensor Carry(Tensor events, ContinuousLayer path)
    {
        const int stride = FlowLayer.SamplingStride;
        var (carried, tile, scratch) = (new Tensor(events.Rows, events.Columns), new float[events.Rows * stride], new FlowScratch());
        for (var first = 0; first < events.Columns; first += stride)
        {
            var lanes = Math.Min(stride, events.Columns - first);
            for (var d = 0; d < events.Rows; d++)
            {
                events.Row(d).Slice(first, lanes).CopyTo(tile.AsSpan(d * stride));
            }

            path.Inverse(tile, lanes, scratch);
            for (var d = 0; d < events.Rows; d++)
            {
                tile.AsSpan(d * stride, lanes).CopyTo(carried.Row(d)[first..]);
            }
        }

        return carried;
    }
}

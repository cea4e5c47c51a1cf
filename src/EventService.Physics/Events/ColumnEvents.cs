namespace EventService.Physics.Events;

/// <summary>
/// Events that a sample keeps as their schema has them, column by column: all but whole collision events. Converts between samples and
/// blocks.
/// </summary>
public static class ColumnEvents
{
    /// <summary>Appends the events of the block to the sample, exactly, with weight 1.</summary>
    /// <exception cref="ArgumentException">The sample has another layout than the block's schema.</exception>
    public static void ToSample(EventBlock block, EventSample sample)
    {
        Require(block, sample);
        var row = new double[sample.ColumnCount];
        double[][] objects = [.. block.Collections.Select(c => new double[c.Columns.Length])];
        double[][] arrays = [.. sample.Layout.Arrays.Select(size => new double[size])];
        for (var k = 0; k < block.Count; k++)
        {
            for (var c = 0; c < row.Length; c++)
            {
                row[c] = block.Scalars[c][k];
            }

            sample.AddRow(block.EventNumber[k], row);
            for (var c = 0; c < objects.Length; c++)
            {
                var collection = block.Collections[c];
                for (var i = collection.Offsets[k]; i < collection.Offsets[k + 1]; i++)
                {
                    for (var x = 0; x < objects[c].Length; x++)
                    {
                        objects[c][x] = collection.Columns[x][i];
                    }

                    sample.Collections[c].Add(0, objects[c]);
                }
            }

            for (var a = 0; a < arrays.Length; a++)
            {
                Widen(block.ArrayOf(a, k), arrays[a]);
                sample.Arrays[a].Set(arrays[a]);
            }
        }
    }

    /// <summary>Replaces the block's events by events first .. first + count - 1 of the sample, rounded to float32.</summary>
    /// <exception cref="ArgumentException">The sample has another layout than the block's schema.</exception>
    public static void ToBlock(EventSample sample, int first, int count, EventBlock block)
    {
        Require(block, sample);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, sample.Count - first);
        block.Resize(count);
        sample.EventNumber.Slice(first, count).CopyTo(block.EventNumber);
        for (var k = 0; k < count; k++)
        {
            var row = sample.Row(first + k);
            for (var c = 0; c < row.Length; c++)
            {
                block.Scalars[c][k] = (float)row[c];
            }

            for (var a = 0; a < block.Arrays.Length; a++)
            {
                Round(sample.Arrays[a].Row(first + k), block.ArrayOf(a, k));
            }
        }

        for (var c = 0; c < block.Collections.Length; c++)
        {
            ToBlock(sample.Collections[c], first, count, block.Collections[c]);
        }
    }

    private static void ToBlock(JaggedColumns from, int first, int count, CollectionBlock to)
    {
        var (start, end) = (from.Offsets[first], from.Offsets[first + count]);
        to.EnsureCapacity(count, end - start);
        for (var k = 0; k <= count; k++)
        {
            to.Offsets[k] = from.Offsets[first + k] - start;
        }

        for (var x = 0; x < to.Columns.Length; x++)
        {
            Round(from.Column(x)[start..end], to.Columns[x]);
        }
    }

    private static void Widen(ReadOnlySpan<float> values, Span<double> widened)
    {
        for (var i = 0; i < values.Length; i++)
        {
            widened[i] = values[i];
        }
    }

    private static void Round(ReadOnlySpan<double> values, Span<float> rounded)
    {
        for (var i = 0; i < values.Length; i++)
        {
            rounded[i] = (float)values[i];
        }
    }

    private static void Require(EventBlock block, EventSample sample)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(sample);
        if (sample.HasDetectorEvents || !SampleLayout.Of(block.Schema).Fits(sample.Layout))
        {
            throw new ArgumentException(
                $"The block has the columns {block.Schema.Describe()}, the sample {sample.Layout.Describe()}.", nameof(block));
        }
    }
}

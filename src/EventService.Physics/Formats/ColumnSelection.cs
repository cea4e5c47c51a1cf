using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>Which columns of a block a writer writes, and where it finds them.</summary>
internal sealed class ColumnSelection
{
    private readonly SampleSchema _full;
    private SampleSchema? _accepted;

    /// <param name="full">Columns of the blocks.</param>
    /// <param name="columns">Names to write, as <see cref="SampleSchema.Select"/> takes them; null for all.</param>
    public ColumnSelection(SampleSchema full, IReadOnlyList<string>? columns)
    {
        ArgumentNullException.ThrowIfNull(full);
        _full = full;
        Selected = columns is null ? full : full.Select(columns);
        Scalars = [.. Selected.Scalars.Select(s => IndexOf(full.Scalars, s.Name))];
        Collections = [.. Selected.Collections.Select(c =>
        {
            var source = full.Collections.Select((x, i) => (x, i)).Single(p => p.x.Name == c.Name);
            return new Collection(source.i, [.. c.Columns.Select(x => IndexOf(source.x.Columns, x.Name))], c);
        })];
        Arrays = [.. Selected.Arrays.Select(a => full.Arrays.Select((x, i) => (x, i)).Single(p => p.x.Name == a.Name).i)];
    }

    /// <summary>The columns that are written.</summary>
    public SampleSchema Selected { get; }

    /// <summary>Index in the block of each scalar that is written.</summary>
    public int[] Scalars { get; }

    public Collection[] Collections { get; }

    /// <summary>Index in the block of each array that is written.</summary>
    public int[] Arrays { get; }

    /// <summary>Checks that a block has the columns that the selection was made for, and as many densities as the writer needs.</summary>
    public void Check(EventBlock block, ReadOnlySpan<double> logDensity, bool withLogDensity)
    {
        ArgumentNullException.ThrowIfNull(block);
        if (!ReferenceEquals(block.Schema, _accepted))
        {
            if (!block.Schema.HasSameColumns(_full))
            {
                throw new ArgumentException(
                    $"The block has the columns {block.Schema.Describe()}, expected {_full.Describe()}.", nameof(block));
            }

            _accepted = block.Schema;
        }

        var expected = withLogDensity ? block.Count : 0;
        if (logDensity.Length != expected)
        {
            throw new ArgumentException($"Got {logDensity.Length} log-densities, expected {expected}.", nameof(logDensity));
        }
    }

    private static int IndexOf(IReadOnlyList<ColumnSchema> columns, string name)
    {
        var i = 0;
        while (columns[i].Name != name)
        {
            i++;
        }

        return i;
    }

    /// <summary>A collection that is written: its index in the block, and there the indices of its columns.</summary>
    internal sealed record Collection(int Index, int[] Columns, CollectionSchema Schema);
}

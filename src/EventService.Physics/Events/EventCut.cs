using System.Globalization;
using System.Text.RegularExpressions;

namespace EventService.Physics.Events;

/// <summary>
/// A selection of events: comparisons joined by commas or "and", all of which must hold, such as
/// <c>MET_pt&gt;100,nJet&gt;=4,Jet_pt[0]&gt;60</c>. A comparison with an object that the event does not have fails. A number of an array is
/// named by its place in row-major order: <c>voxels[12]&gt;0</c>.
/// </summary>
public sealed partial class EventCut
{
    private readonly Comparison[] _comparisons;

    private EventCut(Comparison[] comparisons) => _comparisons = comparisons;

    /// <summary>Reads a cut on events of this schema.</summary>
    /// <exception cref="ArgumentException">The cut is not understood; the message says where and lists the known names.</exception>
    public static EventCut Parse(string text, SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(schema);
        return new EventCut([.. Separator().Split(text).Select(part => ParseComparison(part.Trim(), schema))]);
    }

    /// <summary>
    /// Removes the events that fail from the block, and their log-densities where there are any. Returns the number left.
    /// The others keep their event numbers and their order.
    /// </summary>
    public int Apply(EventBlock block, Span<double> logDensity)
    {
        ArgumentNullException.ThrowIfNull(block);
        var kept = 0;
        Span<int> objects = stackalloc int[block.Collections.Length];
        objects.Clear();
        for (var row = 0; row < block.Count; row++)
        {
            if (!Passes(block, row))
            {
                continue;
            }

            block.EventNumber[kept] = block.EventNumber[row];
            foreach (var column in block.Scalars)
            {
                column[kept] = column[row];
            }

            for (var c = 0; c < objects.Length; c++)
            {
                var collection = block.Collections[c];
                var start = collection.Offsets[row];
                var count = collection.Offsets[row + 1] - start;
                foreach (var column in collection.Columns)
                {
                    column.AsSpan(start, count).CopyTo(column.AsSpan(objects[c]));
                }

                // Rows before this one have been read: kept <= row, so their offsets are free to change.
                collection.Offsets[kept] = objects[c];
                objects[c] += count;
            }

            for (var a = 0; a < block.Arrays.Length; a++)
            {
                block.ArrayOf(a, row).CopyTo(block.ArrayOf(a, kept));
            }

            if (!logDensity.IsEmpty)
            {
                logDensity[kept] = logDensity[row];
            }

            kept++;
        }

        for (var c = 0; c < objects.Length; c++)
        {
            block.Collections[c].Offsets[kept] = objects[c];
        }

        block.Resize(kept);
        return kept;
    }

    private bool Passes(EventBlock block, int row)
    {
        foreach (var comparison in _comparisons)
        {
            if (!comparison.Holds(block, row))
            {
                return false;
            }
        }

        return true;
    }

    private static Comparison ParseComparison(string text, SampleSchema schema)
    {
        var match = Pattern().Match(text);
        if (!match.Success
            || !double.TryParse(match.Groups["number"].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            throw new ArgumentException(
                $"The cut '{text}' is not understood, expected a column, one of > >= < <= == != and a number, "
                    + "such as MET_pt>100 or Jet_pt[0]>60.",
                nameof(text));
        }

        var name = match.Groups["name"].Value;
        var index = match.Groups["index"];
        var holds = Operation(match.Groups["operation"].Value);
        for (var s = 0; s < schema.Scalars.Count; s++)
        {
            if (schema.Scalars[s].Name == name && !index.Success)
            {
                return new Comparison(Source.Scalar, 0, s, 0, holds, number);
            }
        }

        for (var c = 0; c < schema.Collections.Count; c++)
        {
            var collection = schema.Collections[c];
            if (name == $"n{collection.Name}" && !index.Success)
            {
                return new Comparison(Source.Count, c, 0, 0, holds, number);
            }

            for (var x = 0; x < collection.Columns.Count; x++)
            {
                if (name == $"{collection.Name}_{collection.Columns[x].Name}")
                {
                    return index.Success && int.TryParse(index.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var i)
                        ? new Comparison(Source.Object, c, x, i, holds, number)
                        : throw new ArgumentException(
                            $"The cut '{text}' does not say which {collection.Name}, expected an index from 0, as in {name}[0].",
                            nameof(text));
                }
            }
        }

        for (var a = 0; a < schema.Arrays.Count; a++)
        {
            if (schema.Arrays[a].Name == name)
            {
                var size = schema.Arrays[a].Size;
                return index.Success && int.TryParse(index.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var i) && i < size
                    ? new Comparison(Source.Array, 0, a, i, holds, number)
                    : throw new ArgumentException(
                        $"The cut '{text}' does not say which number of {name}, expected one from {name}[0] to {name}[{size - 1}].",
                        nameof(text));
            }
        }

        var known = schema.Scalars.Select(s => s.Name)
            .Concat(schema.Collections.SelectMany(c => c.Columns.Select(x => $"{c.Name}_{x.Name}[0]").Prepend($"n{c.Name}")))
            .Concat(schema.Arrays.Select(a => $"{a.Name}[0]"));
        throw new ArgumentException($"The cut '{text}' names a column that there is not. Known: {string.Join(", ", known)}.", nameof(text));
    }

    private static Func<double, double, bool> Operation(string operation) => operation switch
    {
        ">" => (x, y) => x > y,
        ">=" => (x, y) => x >= y,
        "<" => (x, y) => x < y,
        "<=" => (x, y) => x <= y,
        "==" => (x, y) => x == y,
        _ => (x, y) => x != y,
    };

    [GeneratedRegex(@",|\band\b")]
    private static partial Regex Separator();

    [GeneratedRegex(@"^(?<name>\w+)\s*(\[\s*(?<index>\d+)\s*\])?\s*(?<operation>>=|<=|==|!=|>|<)\s*(?<number>\S+)$")]
    private static partial Regex Pattern();

    private enum Source
    {
        Scalar,
        Count,
        Object,
        Array,
    }

    private sealed record Comparison(
        Source Source, int Collection, int Column, int Index, Func<double, double, bool> Operation, double Number)
    {
        public bool Holds(EventBlock block, int row)
        {
            if (Source == Source.Scalar)
            {
                return Operation(block.Scalars[Column][row], Number);
            }

            if (Source == Source.Array)
            {
                return Operation(block.ArrayOf(Column, row)[Index], Number);
            }

            var collection = block.Collections[Collection];
            var count = collection.Offsets[row + 1] - collection.Offsets[row];
            return Source == Source.Count
                ? Operation(count, Number)
                : Index < count && Operation(collection.Columns[Column][collection.Offsets[row] + Index], Number);
        }
    }
}

namespace EventService.Physics.Events;

/// <summary>The columns of a jagged collection in a sample.</summary>
/// <param name="Columns">Number of columns.</param>
/// <param name="HasTypes">Whether each object has a type besides: a byte, by which several kinds of object share a collection.</param>
public readonly record struct CollectionLayout(int Columns, bool HasTypes = false);

/// <summary>What an <see cref="EventSample"/> keeps of each event beside its number and weight.</summary>
/// <param name="Scalars">Numbers of the event's row.</param>
/// <param name="Collections">Its jagged collections.</param>
/// <param name="Arrays">Numbers in each of its arrays of fixed shape.</param>
public sealed record SampleLayout(int Scalars, IReadOnlyList<CollectionLayout> Collections, IReadOnlyList<int> Arrays)
{
    /// <summary>Rows of a table.</summary>
    public static SampleLayout Table(int columns) => new(columns, [], []);

    /// <summary>
    /// The layout for events of a schema: that of <see cref="DetectorEvents"/> for whole collision events, else its own columns.
    /// </summary>
    public static SampleLayout Of(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return DarkMachinesSchema.StartsWithWholeEvent(schema)
            ? DetectorEvents.Layout(DarkMachinesSchema.FurtherScalars(schema).Count())
            : new SampleLayout(
                schema.Scalars.Count,
                [.. schema.Collections.Select(c => new CollectionLayout(c.Columns.Count))],
                [.. schema.Arrays.Select(a => a.Size)]);
    }

    /// <summary>Whether events of another layout can be taken: it has the same collections and arrays, and no shorter rows.</summary>
    public bool Fits(SampleLayout other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Scalars <= other.Scalars && Collections.SequenceEqual(other.Collections) && Arrays.SequenceEqual(other.Arrays);
    }

    /// <summary>For messages.</summary>
    public string Describe() =>
        $"{Scalars} scalars, collections of [{string.Join(", ", Collections.Select(c => c.Columns))}] columns "
        + $"and arrays of [{string.Join(", ", Arrays)}] numbers";
}

using System.Text.Json.Serialization;

namespace EventService.Physics.Events;

/// <summary>One float32 column: its name (without the collection's prefix), unit ("GeV", "rad", "pb", "1") and meaning.</summary>
public sealed record ColumnSchema(string Name, string Unit, string Description);

/// <summary>
/// A jagged collection such as Jet: columns are addressed as <c>Jet_pt</c>, the count as <c>nJet</c>.
/// <paramref name="Maximum"/> is the padded length in formats of fixed record size.
/// </summary>
public sealed record CollectionSchema(string Name, int Maximum, IReadOnlyList<ColumnSchema> Columns);

/// <summary>
/// What an event of a sample consists of: scalar columns, then jagged collections, then arrays of fixed shape, in this order. Part of every
/// model.
/// </summary>
public sealed record SampleSchema(IReadOnlyList<ColumnSchema> Scalars, IReadOnlyList<CollectionSchema> Collections)
{
    /// <summary>Arrays of fixed shape; most schemas have none.</summary>
    [JsonIgnore]
    public IReadOnlyList<ArraySchema> Arrays { get; init; } = [];

    // Left out where there are none: documents of before have no such field, and stay the same bytes.
    [JsonInclude]
    [JsonPropertyName("arrays")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    private IReadOnlyList<ArraySchema>? WrittenArrays
    {
        get => Arrays.Count == 0 ? null : Arrays;
        init => Arrays = value ?? [];
    }

    /// <summary>
    /// The part of the schema that these names select, in the schema's order: <c>MET_pt</c> a scalar, <c>Jet</c> a whole
    /// collection, <c>Jet_pt</c> one of its columns, <c>nJet</c> its count alone, <c>voxels</c> an array. A collection always keeps its
    /// count.
    /// </summary>
    /// <exception cref="ArgumentException">A name is unknown, or no name is given; the message lists the known names.</exception>
    public SampleSchema Select(IReadOnlyList<string> columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Count == 0)
        {
            throw new ArgumentException($"No column selected. Known: {Describe()}.", nameof(columns));
        }

        var names = new HashSet<string>(columns, StringComparer.Ordinal);
        foreach (var name in columns)
        {
            if (!Scalars.Any(s => s.Name == name)
                && !Collections.Any(c => c.Name == name || name == $"n{c.Name}" || c.Columns.Any(x => name == $"{c.Name}_{x.Name}"))
                && !Arrays.Any(a => a.Name == name))
            {
                throw new ArgumentException($"Column '{name}' not found. Known: {Describe()}.", nameof(columns));
            }
        }

        return new SampleSchema(
            [.. Scalars.Where(s => names.Contains(s.Name))],
            [.. Collections
                .Where(c => names.Contains(c.Name) || names.Contains($"n{c.Name}") || c.Columns.Any(x => names.Contains($"{c.Name}_{x.Name}")))
                .Select(c => names.Contains(c.Name)
                    ? c
                    : c with { Columns = [.. c.Columns.Where(x => names.Contains($"{c.Name}_{x.Name}"))] })])
        {
            Arrays = [.. Arrays.Where(a => names.Contains(a.Name))],
        };
    }

    /// <summary>
    /// True if the other schema has the same names and shapes in the same order; units, descriptions and maxima may differ.
    /// </summary>
    public bool HasSameColumns(SampleSchema other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return SameNames(Scalars, other.Scalars)
            && Collections.Count == other.Collections.Count
            && Collections.Zip(other.Collections).All(p => p.First.Name == p.Second.Name && SameNames(p.First.Columns, p.Second.Columns))
            && Arrays.Count == other.Arrays.Count
            && Arrays.Zip(other.Arrays).All(p => p.First.Name == p.Second.Name && p.First.Shape.SequenceEqual(p.Second.Shape));
    }

    /// <summary>All names that <see cref="Select"/> takes, for messages.</summary>
    public string Describe() => string.Join(", ", Scalars.Select(s => s.Name)
        .Concat(Collections.SelectMany(c => c.Columns.Select(x => $"{c.Name}_{x.Name}").Prepend($"n{c.Name}").Prepend(c.Name)))
        .Concat(Arrays.Select(a => a.Name)));

    private static bool SameNames(IReadOnlyList<ColumnSchema> a, IReadOnlyList<ColumnSchema> b) =>
        a.Select(x => x.Name).SequenceEqual(b.Select(x => x.Name), StringComparer.Ordinal);
}

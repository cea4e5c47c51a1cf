namespace EventService.Physics.Events;

/// <summary>One float32 column: its name (without the collection's prefix), unit ("GeV", "rad", "pb", "1") and meaning.</summary>
public sealed record ColumnSchema(string Name, string Unit, string Description);

/// <summary>
/// A jagged collection such as Jet: columns are addressed as <c>Jet_pt</c>, the count as <c>nJet</c>.
/// <paramref name="Maximum"/> is the padded length in formats of fixed record size.
/// </summary>
public sealed record CollectionSchema(string Name, int Maximum, IReadOnlyList<ColumnSchema> Columns);

/// <summary>What an event of a sample consists of: scalar columns, then jagged collections, in this order. Part of every model.</summary>
public sealed record SampleSchema(IReadOnlyList<ColumnSchema> Scalars, IReadOnlyList<CollectionSchema> Collections);

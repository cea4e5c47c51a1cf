using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Physics.Kinds;

/// <summary>
/// All that depends on what the events of a model are: which schemas are of the kind, the observables they are judged by, what a classifier
/// is shown, the formats they are read from, how a block becomes a sample. Asked for by schema; a new kind is a class of its own and an
/// entry of <see cref="All"/>.
/// </summary>
public abstract class EventKind
{
    private protected EventKind()
    {
    }

    /// <summary>Whole collision events as a detector sees them.</summary>
    public static EventKind WholeEvent { get; } = new WholeEventKind();

    /// <summary>Single jets with their constituents.</summary>
    public static EventKind Jet { get; } = new JetKind();

    /// <summary>Showers in a calorimeter.</summary>
    public static EventKind Shower { get; } = new ShowerKind();

    /// <summary>Rows of numbers.</summary>
    public static EventKind Table { get; } = new TableKind();

    /// <summary>Every kind there is.</summary>
    public static IReadOnlyList<EventKind> All { get; } = [WholeEvent, Jet, Shower, Table];

    /// <summary>What messages call events of the kind, such as "whole collision events".</summary>
    public abstract string Name { get; }

    /// <summary>The columns that a schema of this kind has, for messages.</summary>
    public abstract string Columns { get; }

    /// <summary>The format that events without a telling name are taken for.</summary>
    public virtual string DefaultFormat => JsonLinesWriter.FormatName;

    /// <summary>Whether only a recipe says where the columns stand in a file of such events.</summary>
    public virtual bool NeedsRecipe => false;

    /// <summary>The kind of the events of a schema.</summary>
    /// <exception cref="NotSupportedException">It is of none; the message says what there is.</exception>
    public static EventKind Of(SampleSchema schema) => Find(schema) ?? throw new NotSupportedException(
        $"Events of the columns {schema.Describe()} are of no known kind. "
        + $"Known: {string.Join("; ", All.Select(k => $"{k.Name} ({k.Columns})"))}.");

    /// <summary>The kind of the events of a schema, or null if it is of none.</summary>
    public static EventKind? Find(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return All.FirstOrDefault(k => k.Includes(schema));
    }

    /// <summary>Whether events of this schema are of the kind. Further scalars may stand behind those of the kind.</summary>
    public abstract bool Includes(SampleSchema schema);

    /// <summary>
    /// The schema of the kind, with today's columns, that a model file's schema stands for; null if it is of another kind.
    /// </summary>
    public virtual SampleSchema? Upgrade(SampleSchema schema) => Includes(schema) ? schema : null;

    /// <summary>What is compared one by one.</summary>
    public virtual IReadOnlyList<Observable> Observables(SampleSchema schema) => ColumnObservables.Of(schema);

    /// <summary>What a classifier is shown.</summary>
    /// <exception cref="ArgumentException">The sample has other columns than the schema.</exception>
    public virtual FeatureMatrix Features(EventSample sample, SampleSchema schema, CancellationToken cancellation = default) =>
        FeatureMatrix.OfColumns(sample, schema);

    /// <summary>Appends the events of a block to a sample made for its schema, exactly.</summary>
    public virtual void ToSample(EventBlock block, EventSample sample) => ColumnEvents.ToSample(block, sample);

    /// <summary>The same, row by row, of numbers that somebody sent.</summary>
    public virtual EventBlockRows Rows(SampleSchema schema) => new ColumnRows(schema);

    /// <summary>A reader of events of this schema. The stream is disposed with it.</summary>
    /// <exception cref="ArgumentException">The format is unknown; the message lists the known ones.</exception>
    /// <exception cref="NotSupportedException">The format cannot hold these events; the message says what to do.</exception>
    public virtual EventReader OpenReader(string format, Stream stream, string fileName, SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return format switch
        {
            JsonLinesWriter.FormatName => new JsonLinesColumnReader(stream, fileName, schema),
            NpyWriter.FormatName => new NpyColumnReader(stream, fileName, schema),
            DarkMachinesWriter.FormatName => throw new NotSupportedException(
                $"'{format}' holds {WholeEvent.Name}, but the model's events have the columns {schema.Describe()}. "
                + $"Give them as '{JsonLinesWriter.FormatName}' or '{NpyWriter.FormatName}'."),
            _ => throw EventFormats.Unknown(format),
        };
    }

    /// <summary>Whether columns begin with these names.</summary>
    private protected static bool StartWith(IReadOnlyList<ColumnSchema> columns, params ReadOnlySpan<string> names)
    {
        for (var c = 0; c < names.Length; c++)
        {
            if (c >= columns.Count || columns[c].Name != names[c])
            {
                return false;
            }
        }

        return true;
    }
}

using EventService.Physics.Events;

namespace EventService.Physics.Observables;

/// <summary>Features of the events of a sample for a classifier: row-major [event, feature], NaN for an absent object's.</summary>
public sealed class FeatureMatrix
{
    private FeatureMatrix(IReadOnlyList<string> names, float[] values, int rows)
    {
        Names = names;
        Values = values;
        Rows = rows;
    }

    public IReadOnlyList<string> Names { get; }
    public float[] Values { get; }
    public int Rows { get; }
    public int Columns => Names.Count;

    public ReadOnlySpan<float> Row(int k) => Values.AsSpan(k * Columns, Columns);

    /// <summary>Object-level and high-level features side by side.</summary>
    public static FeatureMatrix Compute(EventSample sample, CancellationToken cancellation = default)
    {
        var (low, high) = (ObjectLevelFeatures.Names.Count, HighLevelFeatures.Names.Count);
        var values = new float[checked(sample.Count * (low + high))];
        ObservableTable.ForEachEvent(sample, (e, k) =>
        {
            var row = values.AsSpan(k * (low + high), low + high);
            ObjectLevelFeatures.Fill(e, row[..low]);
            HighLevelFeatures.Fill(e, row[low..]);
        }, cancellation);
        return new FeatureMatrix([.. ObjectLevelFeatures.Names, .. HighLevelFeatures.Names], values, sample.Count);
    }

    /// <summary>The columns of a table.</summary>
    /// <exception cref="ArgumentException">The sample has other columns than the schema.</exception>
    public static FeatureMatrix OfTable(EventSample sample, SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(schema);
        if (sample.ColumnCount != schema.Scalars.Count || !schema.IsTable)
        {
            throw new ArgumentException($"The events have {sample.ColumnCount} columns, expected {schema.Describe()}.", nameof(sample));
        }

        var values = new float[checked(sample.Count * sample.ColumnCount)];
        for (var k = 0; k < sample.Count; k++)
        {
            var row = sample.Row(k);
            for (var c = 0; c < row.Length; c++)
            {
                values[(k * row.Length) + c] = (float)row[c];
            }
        }

        return new FeatureMatrix([.. schema.Scalars.Select(s => s.Name)], values, sample.Count);
    }
}

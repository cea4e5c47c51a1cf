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

    /// <summary>What events of any schema have as <see cref="ColumnObservables"/>.</summary>
    /// <exception cref="ArgumentException">The sample has other columns than the schema.</exception>
    public static FeatureMatrix OfColumns(EventSample sample, SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(schema);
        if (sample.HasDetectorEvents || sample.ColumnCount != schema.Scalars.Count
            || sample.Collections.Length != schema.Collections.Count || sample.Arrays.Length != schema.Arrays.Count)
        {
            throw new ArgumentException($"The events have {sample.ColumnCount} columns, expected {schema.Describe()}.", nameof(sample));
        }

        var observables = ColumnObservables.Of(schema);
        var (values, kinematics) = (new float[checked(sample.Count * observables.Count)], new EventKinematics());
        for (var k = 0; k < sample.Count; k++)
        {
            kinematics.Load(sample, k);
            for (var c = 0; c < observables.Count; c++)
            {
                values[(k * observables.Count) + c] = (float)kinematics.Column(c);
            }
        }

        return new FeatureMatrix([.. observables.Select(o => o.Name)], values, sample.Count);
    }

    /// <summary>
    /// Several matrices of the same features behind each other, each with further features that are the same in all its rows.
    /// </summary>
    /// <param name="parts">The matrices and the values of their further features.</param>
    /// <param name="names">Names of the further features.</param>
    /// <exception cref="ArgumentException">The matrices have other features, or there are not as many values as names.</exception>
    public static FeatureMatrix Stack(
        IReadOnlyList<(FeatureMatrix Features, IReadOnlyList<double> Values)> parts, IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(names);
        var first = parts[0].Features.Names;
        if (parts.Any(p => !p.Features.Names.SequenceEqual(first) || p.Values.Count != names.Count))
        {
            throw new ArgumentException(
                $"The matrices have different features, or other numbers of further ones than {string.Join(", ", names)}.", nameof(parts));
        }

        List<float> values = [];
        foreach (var (features, further) in parts)
        {
            for (var k = 0; k < features.Rows; k++)
            {
                values.AddRange(features.Row(k));
                values.AddRange(further.Select(v => (float)v));
            }
        }

        return new FeatureMatrix([.. first, .. names], [.. values], parts.Sum(p => p.Features.Rows));
    }
}

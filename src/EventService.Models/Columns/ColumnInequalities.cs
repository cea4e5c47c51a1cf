using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Columns;

/// <summary>What holds of the columns of every event: several inequalities, with the places of their columns.</summary>
public sealed class ColumnInequalities
{
    private readonly (double AtLeast, (double Factor, int[] Columns)[] Terms)[] _sums;

    /// <param name="schema">The columns.</param>
    /// <param name="list">What holds of them; at least one.</param>
    /// <exception cref="ArgumentException">There is none, or one names a column that does not exist.</exception>
    public ColumnInequalities(SampleSchema schema, IReadOnlyList<ColumnInequality> list)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(list);
        string[] columns = [.. schema.Scalars.Select(s => s.Name)];
        foreach (var inequality in list)
        {
            var fault = inequality is null ? "is null" : inequality.Fault(columns);
            if (fault is not null)
            {
                throw new ArgumentException($"The inequality '{inequality?.Meaning}' {fault}.");
            }
        }

        if (list.Count == 0)
        {
            throw new ArgumentException("There are 0 inequalities, expected at least one.");
        }

        List = list;
        _sums = [.. list.Select(i => (i.AtLeast, i.Over(columns)))];
    }

    public IReadOnlyList<ColumnInequality> List { get; }

    /// <summary>The first inequality that does not hold of an event's columns; null where all do.</summary>
    public ColumnInequality? Violated(ReadOnlySpan<double> row)
    {
        for (var i = 0; i < _sums.Length; i++)
        {
            if (!(Sum(i, row) >= _sums[i].AtLeast))
            {
                return List[i];
            }
        }

        return null;
    }

    /// <summary>The sum of an inequality's terms for an event.</summary>
    public double Sum(int inequality, ReadOnlySpan<double> row)
    {
        var sum = 0.0;
        foreach (var (factor, columns) in _sums[inequality].Terms)
        {
            var term = factor;
            foreach (var column in columns)
            {
                term *= row[column];
            }

            sum += term;
        }

        return sum;
    }
}

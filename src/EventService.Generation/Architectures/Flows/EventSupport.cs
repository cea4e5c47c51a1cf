using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Architectures.Flows;

/// <summary>
/// Where events can be: inequalities between their columns. A flow is smooth and gives a little density to events beyond, such as those whose second jet is harder
/// than their first. Of its density q the part inside is kept: p(x | c) = q(x | c) / A(c) where all inequalities hold, else 0, with the share A(c) of its draws that is inside.
/// </summary>
/// <remarks>A is measured at equidistant conditions, and linear between them.</remarks>
public sealed class EventSupport
{
    private readonly (double AtLeast, (double Factor, int[] Columns)[] Terms)[] _sums;

    /// <param name="schema">The columns.</param>
    /// <param name="inequalities">What holds of them.</param>
    /// <param name="acceptance">A at equidistant conditions from -1 to 1, as gates take them; one number for a flow under no condition.</param>
    /// <param name="draws">Draws that each of these was measured with.</param>
    /// <exception cref="ArgumentException">An inequality is none of these columns, or the numbers are none of a support.</exception>
    public EventSupport(SampleSchema schema, IReadOnlyList<ColumnInequality> inequalities, IReadOnlyList<double> acceptance, long draws)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(inequalities);
        ArgumentNullException.ThrowIfNull(acceptance);
        foreach (var inequality in inequalities)
        {
            var fault = inequality is null ? "is null" : inequality.Fault([.. schema.Scalars.Select(s => s.Name)]);
            if (fault is not null)
            {
                throw new ArgumentException($"The inequality '{inequality?.Meaning}' {fault}.");
            }
        }

        if (inequalities.Count == 0 || acceptance.Count == 0 || draws < 1 || acceptance.Any(a => a is not (> 0 and <= 1)))
        {
            throw new ArgumentException($"A support has {inequalities.Count} inequalities and the acceptances {string.Join(", ", acceptance)} of {draws} draws, expected at least one of each, and acceptances above 0 to 1.");
        }

        (Inequalities, Acceptance, Draws) = (inequalities, acceptance, draws);
        _sums = [.. inequalities.Select(i => (i.AtLeast, i.Over(schema)))];
    }

    private EventSupport(EventSupport other, double acceptance)
    {
        (Inequalities, Acceptance, Draws, _sums) = (other.Inequalities, [acceptance], other.Draws, other._sums);
    }

    public IReadOnlyList<ColumnInequality> Inequalities { get; }

    /// <summary>A at equidistant conditions from -1 to 1; one number under one condition or none.</summary>
    public IReadOnlyList<double> Acceptance { get; }

    /// <summary>Draws that each of these was measured with.</summary>
    public long Draws { get; }

    /// <summary>The support under one condition, as gates take it, -1 to 1.</summary>
    public EventSupport At(double condition) => new(this, AcceptanceAt(condition));

    /// <summary>The first inequality that does not hold of an event's columns; null inside.</summary>
    public ColumnInequality? Violated(ReadOnlySpan<double> row)
    {
        for (var i = 0; i < _sums.Length; i++)
        {
            if (!(Sum(i, row) >= _sums[i].AtLeast))
            {
                return Inequalities[i];
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

    /// <summary>-log A under a condition, which is of no meaning to the support under one: what an event inside has more than the flow gives it.</summary>
    public double LogGain(double condition) => -Log.Of(AcceptanceAt(condition));

    /// <summary>Standard error of log A.</summary>
    public double LogError(double condition)
    {
        var acceptance = AcceptanceAt(condition);
        return Math.Sqrt((1 - acceptance) / (acceptance * Draws));
    }

    private double AcceptanceAt(double condition)
    {
        if (Acceptance.Count == 1)
        {
            return Acceptance[0];
        }

        var at = Math.Clamp((condition + 1) / 2, 0, 1) * (Acceptance.Count - 1);
        var cell = Math.Min((int)at, Acceptance.Count - 2);
        return Acceptance[cell] + ((at - cell) * (Acceptance[cell + 1] - Acceptance[cell]));
    }
}

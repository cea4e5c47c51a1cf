using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.Columns;

/// <summary>
/// Where events can be: inequalities between their columns. A flow is smooth and gives a little density to events beyond, such as those
/// whose second jet is harder than their first. Of its density q the part inside is kept: p(x | c) = q(x | c) / A(c) where all inequalities
/// hold, else 0, with the share A(c) of its draws that is inside.
/// </summary>
/// <remarks>A is measured at equidistant conditions, and linear between them.</remarks>
public sealed class EventSupport
{
    /// <param name="inequalities">What holds of every event.</param>
    /// <param name="acceptance">A at equidistant conditions from -1 to 1, as gates take them; one number for a flow under no
    /// condition.</param>
    /// <param name="draws">Draws that each of these was measured with.</param>
    /// <exception cref="ArgumentException">The numbers cannot be those of a support.</exception>
    public EventSupport(ColumnInequalities inequalities, IReadOnlyList<double> acceptance, long draws)
    {
        ArgumentNullException.ThrowIfNull(inequalities);
        ArgumentNullException.ThrowIfNull(acceptance);
        if (acceptance.Count == 0 || draws < 1 || acceptance.Any(a => a is not (> 0 and <= 1)))
        {
            throw new ArgumentException($"A support has the acceptances {string.Join(", ", acceptance)} of {draws} draws, expected at least one of each, above 0 to 1.");
        }

        (Inequalities, Acceptance, Draws) = (inequalities, acceptance, draws);
    }

    public ColumnInequalities Inequalities { get; }

    /// <summary>A at equidistant conditions from -1 to 1; one number under one condition or none.</summary>
    public IReadOnlyList<double> Acceptance { get; }

    /// <summary>Draws that each of these was measured with.</summary>
    public long Draws { get; }

    /// <summary>The support under one condition, as gates take it, -1 to 1.</summary>
    public EventSupport At(double condition) => new(Inequalities, [AcceptanceAt(condition)], Draws);

    /// <summary>
    /// -log A under a condition, which is of no meaning to the support under one: what an event inside has more than the flow gives it.
    /// </summary>
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

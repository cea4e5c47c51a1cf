using EventService.Models.Sampling;
using EventService.Numerics.Functions;

namespace EventService.Models.WholeEvents;

/// <summary>
/// The acceptance A(c) of the validity filter for each count vector: the share of drawn kinematics that are valid, as
/// measured by drawing. Vectors drawn rarely lean on the mean of their group (same number of jets, with or without
/// leptons and photons), and groups drawn rarely on the mean of all.
/// </summary>
/// <remarks>
/// A density is divided by A. So a table without one accepted draw is refused: no number of it could be told, and 0 would
/// turn every density into infinity. <see cref="Unmeasured"/> is the table of a model whose acceptance is about to be measured.
/// </remarks>
public sealed class AcceptanceTable
{
    // Draws of the group's mean mixed into each vector's own: a weak prior, visible only below a few hundred draws.
    private const double PriorDraws = 50;
    private const int LargestGroup = 12;

    // Few enough that no sum over a table leaves 64 bits.
    private const long LargestDraws = 1_000_000_000_000;

    private readonly long[] _groupDrawn = new long[2 * (LargestGroup + 1)];
    private readonly long[] _groupAccepted = new long[2 * (LargestGroup + 1)];

    private readonly bool _measured;

    /// <param name="vectors">Count vectors.</param>
    /// <param name="drawn">Kinematics drawn for each.</param>
    /// <param name="accepted">How many of these the filter accepted.</param>
    /// <exception cref="ArgumentException">The numbers are not consistent, or no draw was accepted.</exception>
    public AcceptanceTable(IReadOnlyList<CountVector> vectors, long[] drawn, long[] accepted)
        : this(vectors, drawn, accepted, measured: true)
    {
    }

    private AcceptanceTable(IReadOnlyList<CountVector> vectors, long[] drawn, long[] accepted, bool measured)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        ArgumentNullException.ThrowIfNull(drawn);
        ArgumentNullException.ThrowIfNull(accepted);
        if (drawn.Length != vectors.Count || accepted.Length != vectors.Count || drawn.Zip(accepted).Any(x => x.Second < 0 || x.First < x.Second))
        {
            throw new ArgumentException($"An acceptance table has accepted <= drawn for each of {vectors.Count} count vectors.");
        }

        if (drawn.Any(n => n > LargestDraws))
        {
            throw new ArgumentException($"A count vector was drawn {drawn.Max()} times, expected at most {LargestDraws}.");
        }

        if (measured && accepted.All(n => n == 0))
        {
            throw new ArgumentException($"The validity filter accepted none of {drawn.Sum()} draws, so its acceptance is not known. Measure it with more draws; if none of many is accepted, the model does not describe valid events.");
        }

        (_measured, Drawn, Accepted) = (measured, drawn, accepted);
        for (var k = 0; k < drawn.Length; k++)
        {
            var group = GroupOf(vectors[k]);
            _groupDrawn[group] += drawn[k];
            _groupAccepted[group] += accepted[k];
        }
    }

    /// <summary>
    /// No draws: A = 1 with an infinite error, so that densities are those before the filter and say that no more is known.
    /// </summary>
    public static AcceptanceTable Unmeasured(IReadOnlyList<CountVector> vectors)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        return new AcceptanceTable(vectors, new long[vectors.Count], new long[vectors.Count], measured: false);
    }

    public long[] Drawn { get; }

    public long[] Accepted { get; }

    /// <summary>Acceptance over all draws, with its standard error; of an unmeasured table 1 with an infinite error.</summary>
    public (double Mean, double Error) Overall
    {
        get
        {
            if (!_measured)
            {
                return (1, double.PositiveInfinity);
            }

            double n = Drawn.Sum(), p = Accepted.Sum() / n;
            return (p, Math.Sqrt(p * (1 - p) / n));
        }
    }

    /// <summary>log A and its standard error for a vector; <paramref name="index"/> is its place in the table or -1.</summary>
    public (double LogAcceptance, double Error) Of(CountVector counts, int index)
    {
        if (!_measured)
        {
            return (0, double.PositiveInfinity);
        }

        var group = GroupOf(counts);
        var (overall, _) = Overall;
        var mean = (_groupAccepted[group] + (PriorDraws * overall)) / (_groupDrawn[group] + PriorDraws);
        double drawn = index < 0 ? 0 : Drawn[index], accepted = index < 0 ? 0 : Accepted[index];
        var n = drawn + PriorDraws;
        var p = (accepted + (PriorDraws * mean)) / n;
        return (Log.Of(p), Math.Sqrt(p * (1 - p) / n) / p);
    }

    private static int GroupOf(CountVector counts)
    {
        var hadronic = Math.Min(counts[0] + counts[1], LargestGroup);
        return (2 * hadronic) + (counts.Total > counts[0] + counts[1] ? 1 : 0);
    }
}

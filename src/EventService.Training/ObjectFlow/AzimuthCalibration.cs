using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Training.ObjectFlow;

/// <summary>
/// Moves the tables of <see cref="AzimuthCorrelations"/> after training until the events that the whole model draws stand in them as often
/// as the data do. The fit before the training compares azimuths given the data's own momenta; what the networks of pT and eta leave over
/// in a mass or a separation is made up for here, by iterative proportional fitting in a closed loop (Deming and Stephan, Ann. Math. Stat.
/// 11 (1940) 427, with drawn instead of computed marginals). So that masses do not grow right at the cost of the sum of all momenta, the
/// recoil after each object and after the last one gets a table of its own, with the exponent one; so do, for the missing momentum, what is
/// left of the recoil, and that this does not turn it, its angle; and the masses of hard triples, beyond the top.
/// </summary>
/// <param name="data">Events to agree with.</param>
/// <param name="rows">Rows of them that count.</param>
/// <param name="begin">Begins a round, given the tables and its number: gives what draws a numbered piece of its events, on several
/// threads.</param>
internal sealed class AzimuthCalibration(EventSample data, int[] rows, Func<AzimuthCorrelations, int, Func<int, EventSample>> begin)
{
    private const int RowsPerPiece = 4000;

    // Of the logarithm of the ratio. The recoil follows only where the last momenta can still turn it: it gets the whole step.
    private const double Damping = 0.5, RecoilDamping = 1;

    // Objects that a node is taken to have in data and drawn events alike.
    private const double Prior = 40;

    /// <summary>The tables after the given number of rounds.</summary>
    /// <param name="start">Tables to begin with; not changed.</param>
    /// <param name="rounds">Number of rounds.</param>
    /// <param name="pieces">Pieces of drawn events in a round.</param>
    /// <param name="threads">Threads; no influence on the result.</param>
    /// <param name="progress">Called with the number of events drawn since the last call.</param>
    public AzimuthCorrelations Run(AzimuthCorrelations start, int rounds, int pieces, int threads, Action<long> progress)
    {
        if (rounds == 0)
        {
            return start;
        }

        var tables = Copy(start.WithCalibrated().Tables);
        var dataPieces = (rows.Length + RowsPerPiece - 1) / RowsPerPiece;
        var (wanted, _) = Count(tables, dataPieces, threads, p => (data, rows[(p * RowsPerPiece)..Math.Min(rows.Length, (p + 1) * RowsPerPiece)]));
        for (var round = 0; round < rounds; round++)
        {
            var draw = begin(new AzimuthCorrelations(Copy(tables), start.RecoilWidth), round);
            var (found, events) = Count(tables, pieces, threads, p =>
            {
                var sample = draw(p);
                progress(sample.Count);
                return (sample, [.. Enumerable.Range(0, sample.Count)]);
            });
            for (var t = 0; t < tables.Length; t++)
            {
                if (tables[t] is { } table && AzimuthCorrelations.IsCalibrated(t))
                {
                    Scale(table, AzimuthCorrelations.IsRecoil(t) ? RecoilDamping : Damping, wanted[t], found[t], (double)rows.Length / events);
                }
            }
        }

        return new AzimuthCorrelations(tables, start.RecoilWidth);
    }

    private static CorrelationTable?[] Copy(IReadOnlyList<CorrelationTable?> tables) => [.. tables.Select(t => t is null ? null : t with { LogFactor = [.. t.LogFactor] })];

    private static void Scale(CorrelationTable table, double damping, ReadOnlySpan<double> wanted, ReadOnlySpan<double> found, double events)
    {
        for (var b = 0; b < table.LogFactor.Length; b++)
        {
            if (!table.JoinsOne(b))
            {
                ref var log = ref table.LogFactor[b];
                log = Math.Clamp(log + (damping * Log.Of((wanted[b] + Prior) / ((found[b] * events) + Prior))), CorrelationTable.Least, CorrelationTable.Greatest);
            }
        }
    }

    private static (NodeCounts Counts, long Events) Count(CorrelationTable?[] tables, int pieces, int threads, Func<int, (EventSample Sample, int[] Rows)> piece)
    {
        var counts = new NodeCounts[pieces];
        var events = new long[pieces];
        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, () => new AzimuthWalk(), (p, _, walk) =>
        {
            var (sample, chosen) = piece(p);
            var here = counts[p] = new NodeCounts(tables);
            events[p] = chosen.Length;
            foreach (var e in chosen)
            {
                walk.Visit(tables, sample, e, (_, _, cos, sin) =>
                {
                    foreach (var factor in walk.Factors.Items)
                    {
                        var (place, weight) = factor.PlaceAt(tables[factor.Table]!, cos, sin);
                        if (place >= 0 && place < tables[factor.Table]!.Bins)
                        {
                            here.Add(factor.Table, place, weight);
                        }
                    }
                });
            }

            return walk;
        }, _ => { });

        // Pieces are added in their order, so that the result does not depend on the threads.
        for (var p = 1; p < pieces; p++)
        {
            counts[0].Add(counts[p]);
        }

        return (counts[0], events.Sum());
    }
}

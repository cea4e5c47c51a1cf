using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>
/// Fits the tables of <see cref="AzimuthCorrelations"/> to data by maximum likelihood of the azimuths given all else, by iterative
/// scaling (Darroch and Ratcliff, Ann. Math. Stat. 43 (1972) 1470): each node of a table is raised or lowered by the ratio of how
/// often the data stand there to how often the product of all tables expects them to.
/// </summary>
/// <remarks>
/// Deviations: steps are damped instead of divided by the number of factors; a prior draws nodes with little data to factor one; a
/// coarse function of the angle to the recoil and of its strength is fitted along and dropped, so that the tables do not
/// take over what the network draws well.
/// </remarks>
internal sealed class AzimuthCorrelationFit(double recoilWidth)
{
    private const int LargestSample = 60_000;
    private const int Iterations = 12;
    private const int EventsPerPiece = 1000;
    private const double Damping = 0.6;

    // Objects of factor one that a node is taken to have beside the data.
    private const double Prior = 10;

    // Steps of the recoil's share of recoil and new momentum, each with its own function of the angle.
    private const int Shares = 4;
    private const int RecoilBins = 24;

    private readonly CorrelationTable?[] _tables =
    [
        .. AzimuthCorrelations.Flat(),
        .. Enumerable.Range(0, EventSlots.ClassCount * Shares).Select(_ => new CorrelationTable(0, Math.PI * Math.PI * (1 + 1e-9), new double[RecoilBins + 1])),
    ];

    /// <summary>The tables that fit these events best; at most <see cref="LargestSample"/> of them, evenly spread, are used.</summary>
    public static AzimuthCorrelations Run(EventSample sample, ReadOnlySpan<int> events, double recoilWidth = 0)
    {
        var fit = new AzimuthCorrelationFit(recoilWidth);
        var rows = new int[Math.Min(events.Length, LargestSample)];
        for (var k = 0; k < rows.Length; k++)
        {
            rows[k] = events[(int)((long)k * events.Length / rows.Length)];
        }

        for (var i = 0; i < Iterations; i++)
        {
            fit.Iterate(sample, rows);
        }

        return new AzimuthCorrelations(fit._tables[..AzimuthCorrelations.TableCount], recoilWidth);
    }

    private void Iterate(EventSample sample, int[] rows)
    {
        var pieces = (rows.Length + EventsPerPiece - 1) / EventsPerPiece;
        var pieceCounts = new (NodeCounts Data, NodeCounts Expected)[pieces];
        Parallel.For(0, pieces, () => new Piece(_tables, recoilWidth), (p, _, piece) =>
        {
            pieceCounts[p] = piece.Count(sample, rows.AsSpan(p * EventsPerPiece, Math.Min(EventsPerPiece, rows.Length - (p * EventsPerPiece))));
            return piece;
        }, _ => { });

        // Pieces are added in their order, so that the result does not depend on the threads.
        NodeCounts data = new(_tables), expected = new(_tables);
        foreach (var piece in pieceCounts)
        {
            data.Add(piece.Data);
            expected.Add(piece.Expected);
        }

        for (var t = 0; t < _tables.Length; t++)
        {
            if (_tables[t] is { } table)
            {
                Scale(table, t < AzimuthCorrelations.TableCount, data[t], expected[t]);
            }
        }
    }

    private static void Scale(CorrelationTable table, bool kept, ReadOnlySpan<double> data, ReadOnlySpan<double> expected)
    {
        for (var b = 0; b < table.LogFactor.Length; b++)
        {
            if (kept && table.JoinsOne(b))
            {
                continue;
            }

            ref var log = ref table.LogFactor[b];
            var ratio = Log.Of((data[b] + Prior) / (expected[b] + (Prior * Exp.Of(log))));
            log = Math.Clamp(log + (Damping * ratio), CorrelationTable.Least, CorrelationTable.Greatest);
        }
    }

    /// <summary>One thread's work.</summary>
    private sealed class Piece(CorrelationTable?[] tables, double recoilWidth)
    {
        private readonly AzimuthWalk _walk = new(recoilWidth);
        private readonly double[] _density = new double[AzimuthCorrelations.Nodes];
        private readonly int[] _nodes = new int[AzimuthCorrelations.Nodes];
        private readonly float[] _nodePlaces = new float[AzimuthCorrelations.Nodes];
        private readonly float[] _nodeWeights = new float[AzimuthCorrelations.Nodes];
        private readonly List<(int Table, int Node, double Place, double Weight)> _places = [];

        public (NodeCounts Data, NodeCounts Expected) Count(EventSample sample, ReadOnlySpan<int> rows)
        {
            var counts = (new NodeCounts(tables), new NodeCounts(tables));
            foreach (var e in rows)
            {
                _walk.Visit(tables, sample, e, (slot, pt, cos, sin) => Add(slot, pt, cos, sin, counts));
            }

            return counts;
        }

        private void Add(SlotClass slot, double pt, double cos, double sin, (NodeCounts Data, NodeCounts Expected) counts)
        {
            var recoil = _walk.State.Recoil;
            var share = Math.Min((int)(Shares * recoil / (recoil + pt + 1e-6)), Shares - 1);
            _walk.Factors.Items.Add(new AzimuthFactor(AzimuthCorrelations.TableCount + ((int)slot * Shares) + share, 0, AzimuthFactorKind.Separation, 0, 0, 0, 0));
            _places.Clear();
            var grid = _walk.Factors.Grid;
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(grid.LogSlopes, _density);
            foreach (var factor in _walk.Factors.Items)
            {
                var table = tables[factor.Table]!;
                var count = AzimuthNodes.Places(factor, table, grid, _nodes, _nodePlaces, _nodeWeights);
                for (var k = 0; k < count; k++)
                {
                    var (node, at) = (_nodes[k], _nodePlaces[k]);
                    var i = (int)at;
                    _density[node] += _nodeWeights[k] * (table.LogFactor[i] + ((at - i) * (table.LogFactor[i + 1] - table.LogFactor[i])));
                    _places.Add((factor.Table, node, at, _nodeWeights[k]));
                }

                var (place, weight) = factor.PlaceAt(table, cos, sin);
                if (place >= 0 && place < table.Bins)
                {
                    counts.Data.Add(factor.Table, place, weight);
                }
            }

            double sum = 0;
            for (var g = 0; g < _density.Length; g++)
            {
                _density[g] = Exp.Of(_density[g]);
                sum += _density[g];
            }

            foreach (var (table, node, place, weight) in _places)
            {
                counts.Expected.Add(table, place, weight * _density[node] / sum);
            }
        }
    }
}

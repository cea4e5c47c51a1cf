using EventService.Numerics.Functions;
using EventService.Physics.Events;

namespace EventService.Generation.Preprocessing;

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
internal sealed class AzimuthCorrelationFit
{
    private const int LargestSample = 60_000;
    private const int Iterations = 12;
    private const int EventsPerPiece = 1000;
    private const double Damping = 0.6;

    // Objects of factor one that a node is taken to have beside the data.
    private const double Prior = 10;

    // Range of the logarithms: objects in e^-12 of the expected number are as good as none.
    private const double Lowest = -12, Highest = 4;

    // Steps of the recoil's share of recoil and new momentum, each with its own function of the angle.
    private const int Shares = 4;
    private const int RecoilBins = 24;

    private readonly CorrelationTable?[] _tables;
    private readonly int[] _firstNode;
    private readonly int _nodeCount;

    private AzimuthCorrelationFit()
    {
        _tables =
        [
            .. AzimuthCorrelations.Flat(),
            .. Enumerable.Range(0, EventSlots.ClassCount * Shares).Select(_ => new CorrelationTable(0, Math.PI * Math.PI * (1 + 1e-9), new double[RecoilBins + 1])),
        ];
        _firstNode = new int[_tables.Length];
        for (var t = 0; t < _tables.Length; t++)
        {
            _firstNode[t] = _nodeCount;
            _nodeCount += _tables[t]?.LogFactor.Length ?? 0;
        }
    }

    /// <summary>The tables that fit these events best; at most <see cref="LargestSample"/> of them, evenly spread, are used.</summary>
    public static AzimuthCorrelations Run(EventSample sample, ReadOnlySpan<int> events)
    {
        var fit = new AzimuthCorrelationFit();
        var rows = new int[Math.Min(events.Length, LargestSample)];
        for (var k = 0; k < rows.Length; k++)
        {
            rows[k] = events[(int)((long)k * events.Length / rows.Length)];
        }

        for (var i = 0; i < Iterations; i++)
        {
            fit.Iterate(sample, rows);
        }

        return new AzimuthCorrelations(fit._tables[..AzimuthCorrelations.TableCount]);
    }

    private void Iterate(EventSample sample, int[] rows)
    {
        var pieces = (rows.Length + EventsPerPiece - 1) / EventsPerPiece;
        var counts = new Counts[pieces];
        Parallel.For(0, pieces, () => new Piece(this), (p, _, piece) =>
        {
            counts[p] = piece.Count(sample, rows.AsSpan(p * EventsPerPiece, Math.Min(EventsPerPiece, rows.Length - (p * EventsPerPiece))));
            return piece;
        }, _ => { });

        // Pieces are added in their order, so that the result does not depend on the threads.
        double[] data = new double[_nodeCount], expected = new double[_nodeCount];
        foreach (var piece in counts)
        {
            System.Numerics.Tensors.TensorPrimitives.Add(data, piece.Data, data);
            System.Numerics.Tensors.TensorPrimitives.Add(expected, piece.Expected, expected);
        }

        for (var t = 0; t < _tables.Length; t++)
        {
            if (_tables[t] is { } table)
            {
                Scale(table, t < AzimuthCorrelations.TableCount, data.AsSpan(_firstNode[t]), expected.AsSpan(_firstNode[t]));
            }
        }
    }

    private static void Scale(CorrelationTable table, bool kept, ReadOnlySpan<double> data, ReadOnlySpan<double> expected)
    {
        for (var b = 0; b < table.LogFactor.Length; b++)
        {
            // Where a window ends inside the range of x, the table joins factor one.
            if (kept && ((b == 0 && table.Lowest > 0) || b == table.Bins))
            {
                continue;
            }

            ref var log = ref table.LogFactor[b];
            var ratio = Log.Of((data[b] + Prior) / (expected[b] + (Prior * Exp.Of(log))));
            log = Math.Clamp(log + (Damping * ratio), Lowest, Highest);
        }
    }

    private sealed record Counts(double[] Data, double[] Expected);

    /// <summary>One thread's work.</summary>
    private sealed class Piece(AzimuthCorrelationFit fit)
    {
        private readonly EventState _state = new();
        private readonly AzimuthFactors _factors = new();
        private readonly int[] _counts = new int[EventSlots.TypeCount];
        private readonly double[] _density = new double[AzimuthCorrelations.Nodes];
        private readonly List<(int Table, int Node, double Place, double Weight)> _places = [];

        public Counts Count(EventSample sample, ReadOnlySpan<int> rows)
        {
            var counts = new Counts(new double[fit._nodeCount], new double[fit._nodeCount]);
            foreach (var e in rows)
            {
                Count(sample, e, counts);
            }

            return counts;
        }

        private void Count(EventSample sample, int e, Counts counts)
        {
            Array.Clear(_counts);
            for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
            {
                _counts[(int)sample.Type[k]]++;
            }

            _state.Reset(_counts, []);
            var index = 0;
            for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
            {
                var type = sample.Type[k];
                index = k > sample.Offsets[e] && sample.Type[k - 1] == type ? index + 1 : 0;
                var (sin, cos) = SinCos.Of(sample.Phi[k]);
                if (_state.ObjectCount > 0)
                {
                    var slot = EventSlots.ClassOf(type, index);
                    _factors.Collect(fit._tables, _state, slot, type, sample.Pt[k], sample.Eta[k]);
                    Add(slot, sample.Pt[k], cos, sin, counts);
                }

                _state.Add(new FlowObject(type, index, sample.Pt[k], sample.Eta[k], cos, sin, sample.Mass[k]));
            }

            if (_state.ObjectCount > 0)
            {
                var (sin, cos) = SinCos.Of(sample.MetPhi[e]);
                _factors.CollectMet(fit._tables, _state, sample.Met[e]);
                Add(SlotClass.Met, sample.Met[e], cos, sin, counts);
            }
        }

        private void Add(SlotClass slot, double pt, double cos, double sin, Counts counts)
        {
            var share = Math.Min((int)(Shares * _state.Recoil / (_state.Recoil + pt + 1e-6)), Shares - 1);
            _factors.Items.Add(new AzimuthFactor(AzimuthCorrelations.TableCount + ((int)slot * Shares) + share, 0, AzimuthFactorKind.Separation, 0, 0, 1, 0, 0));
            var (relativeCos, relativeSin) = _state.Relative(cos, sin);
            _places.Clear();
            Array.Clear(_density);
            foreach (var factor in _factors.Items)
            {
                var table = fit._tables[factor.Table]!;
                var count = _factors.Places(factor, table, out var nodes, out var places, out var weights);
                for (var k = 0; k < count; k++)
                {
                    var i = (int)places[k];
                    _density[nodes[k]] += weights[k] * (table.LogFactor[i] + ((places[k] - i) * (table.LogFactor[i + 1] - table.LogFactor[i])));
                    _places.Add((factor.Table, nodes[k], places[k], weights[k]));
                }

                var (place, weight) = AzimuthFactors.PlaceAt(factor, table, relativeCos, relativeSin);
                if (place >= 0 && place < table.Bins)
                {
                    Share(counts.Data, factor.Table, place, weight);
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
                Share(counts.Expected, table, place, weight * _density[node] / sum);
            }
        }

        private void Share(double[] counts, int table, double place, double amount)
        {
            var i = (int)place;
            counts[fit._firstNode[table] + i] += amount * (1 - (place - i));
            counts[fit._firstNode[table] + i + 1] += amount * (place - i);
        }
    }
}

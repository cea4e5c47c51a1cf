using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>
/// A factor of an azimuth's density at the nodes on the circle, eight at a time in single precision. Each node goes through the same
/// operations on every processor.
/// </summary>
internal readonly struct AzimuthNodes
{
    private const int Width = 8;
    private const float Turn = (float)(2 * Math.PI);

    private readonly AzimuthGrid _grid;
    private readonly float _bins, _floor, _phi;

    // Place in the table: offset + cos cos(phi) + sin sin(phi), in bins.
    private readonly float _offset, _cos, _sin;

    // The second mass: in bins as well, or for a cascade its distance from the W in units of the reach; the squared transverse momentum in
    // units of its range.
    private readonly float _secondOffset, _secondCos, _secondSin;

    // The kind is a constant where this is inlined, and the branches on it vanish.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private AzimuthNodes(AzimuthFactorKind kind, in AzimuthFactor factor, CorrelationTable table, AzimuthGrid grid)
    {
        _grid = grid;
        var scale = table.Scale;
        _bins = table.Bins;
        _phi = (float)factor.Phi;

        // Rounding must not carry a mass of zero out of a window that begins there.
        _floor = table.Lowest == 0 ? 0 : float.NegativeInfinity;
        var (unit, lowest) = kind switch
        {
            AzimuthFactorKind.Balance => (scale * scale, 0),   // in squares of bins, of which the root is taken
            AzimuthFactorKind.FourthRoot or AzimuthFactorKind.HardMass => (scale * scale * scale * scale, 0),
            _ => (scale, table.Lowest),
        };
        (_offset, _cos, _sin) = ((float)((factor.Offset - lowest) * unit), (float)(-factor.Cos * unit), (float)(-factor.Sin * unit));
        if (kind == AzimuthFactorKind.Separation)
        {
            _cos = (float)unit;
        }

        if (kind is not (AzimuthFactorKind.SmallerMass or AzimuthFactorKind.Cascade or AzimuthFactorKind.HardMass))
        {
            return;
        }

        (unit, lowest) = kind switch
        {
            AzimuthFactorKind.Cascade => (1 / AzimuthCorrelations.CascadeReach, AzimuthCorrelations.CascadeCentre),
            AzimuthFactorKind.HardMass => (1 / (AzimuthCorrelations.HardHighest - AzimuthCorrelations.HardLowest), AzimuthCorrelations.HardLowest),
            _ => (scale, table.Lowest),
        };
        (_secondOffset, _secondCos, _secondSin) = ((float)((factor.SecondOffset - lowest) * unit), (float)(-factor.SecondCos * unit), (float)(-factor.SecondSin * unit));
    }

    /// <summary>Adds exponent * weight * table(x) to the sum at each node.</summary>
    /// <param name="factor">The factor.</param>
    /// <param name="table">Its table.</param>
    /// <param name="segments">Value at the start and rise of each interval of the table, between a zero interval on either side.</param>
    /// <param name="exponent">Exponent of the factor.</param>
    /// <param name="grid">The nodes.</param>
    /// <param name="sums">One number a node.</param>
    public static unsafe void AddLogarithms(in AzimuthFactor factor, CorrelationTable table, float* segments, float exponent, AzimuthGrid grid, float* sums)
    {
        switch (factor.Kind)
        {
            case AzimuthFactorKind.Separation: AddLogarithms<Separation>(factor, table, segments, exponent, grid, sums); break;
            case AzimuthFactorKind.SmallerMass: AddLogarithms<SmallerMass>(factor, table, segments, exponent, grid, sums); break;
            case AzimuthFactorKind.Cascade: AddLogarithms<Cascade>(factor, table, segments, exponent, grid, sums); break;
            case AzimuthFactorKind.Balance: AddLogarithms<Balance>(factor, table, segments, exponent, grid, sums); break;
            case AzimuthFactorKind.FourthRoot: AddLogarithms<FourthRoot>(factor, table, segments, exponent, grid, sums); break;
            case AzimuthFactorKind.HardMass: AddLogarithms<HardMass>(factor, table, segments, exponent, grid, sums); break;
            default: AddLogarithms<Mass>(factor, table, segments, exponent, grid, sums); break;
        }
    }

    private static unsafe void AddLogarithms<K>(in AzimuthFactor factor, CorrelationTable table, float* pairs, float exponent, AzimuthGrid grid, float* sum)
        where K : struct, IKind
    {
        var nodes = new AzimuthNodes(K.Kind, factor, table, grid);
        var bins = stackalloc int[Width];
        for (var g = 0; g < AzimuthCorrelations.Nodes; g += Width)
        {
            if (!nodes.TryPlace<K>(g, out var place, out var weight))
            {
                continue;
            }

            // Outside of the window, and for what is no number, the zero intervals.
            var bin = Vector256.Floor(place);
            bin = Least(Greatest(bin, -Vector256<float>.One), Vector256.Create(nodes._bins));
            var (start, rise) = Look(pairs + 2, Vector256.ConvertToInt32Native(bin), bins);
            var logarithm = Vector256.FusedMultiplyAdd(place - bin, rise, start);
            if (K.Kind is AzimuthFactorKind.Cascade or AzimuthFactorKind.HardMass)
            {
                logarithm *= weight;
            }

            Vector256.FusedMultiplyAdd(Vector256.Create(exponent), logarithm, Vector256.Load(sum + g)).Store(sum + g);
        }
    }

    /// <summary>Nodes at which the table speaks, where in it (bin and fraction of the bin), and with what weight; gives how many.</summary>
    public static int Places(in AzimuthFactor factor, CorrelationTable table, AzimuthGrid grid, Span<int> nodes, Span<float> places, Span<float> weights) => factor.Kind switch
    {
        AzimuthFactorKind.Separation => Places<Separation>(factor, table, grid, nodes, places, weights),
        AzimuthFactorKind.SmallerMass => Places<SmallerMass>(factor, table, grid, nodes, places, weights),
        AzimuthFactorKind.Cascade => Places<Cascade>(factor, table, grid, nodes, places, weights),
        AzimuthFactorKind.Balance => Places<Balance>(factor, table, grid, nodes, places, weights),
        AzimuthFactorKind.FourthRoot => Places<FourthRoot>(factor, table, grid, nodes, places, weights),
        AzimuthFactorKind.HardMass => Places<HardMass>(factor, table, grid, nodes, places, weights),
        _ => Places<Mass>(factor, table, grid, nodes, places, weights),
    };

    private static int Places<K>(in AzimuthFactor factor, CorrelationTable table, AzimuthGrid grid, Span<int> nodes, Span<float> places, Span<float> weights)
        where K : struct, IKind
    {
        var at = new AzimuthNodes(K.Kind, factor, table, grid);
        var count = 0;
        for (var g = 0; g < AzimuthCorrelations.Nodes; g += Width)
        {
            if (!at.TryPlace<K>(g, out var place, out var weight))
            {
                continue;
            }

            for (var k = 0; k < Width; k++)
            {
                if (place[k] >= 0 && place[k] < at._bins)
                {
                    (nodes[count], places[count], weights[count]) = (g + k, place[k], weight[k]);
                    count++;
                }
            }
        }

        return count;
    }

    /// <summary>Places in the table of eight nodes, and weights; false if the table says nothing at any of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryPlace<K>(int g, out Vector256<float> place, out Vector256<float> weight)
        where K : struct, IKind
    {
        weight = Vector256<float>.One;
        if (K.Kind == AzimuthFactorKind.Separation)
        {
            var distance = Vector256.LoadUnsafe(ref _grid.First, (nuint)g) - Vector256.Create(_phi);
            distance -= Turn * Vector256.Round(distance * (1 / Turn));
            place = Vector256.FusedMultiplyAdd(distance * _cos, distance, Vector256.Create(_offset));
        }
        else
        {
            ref var first = ref _grid.First;
            Vector256<float> cos = Vector256.LoadUnsafe(ref first, (nuint)(g + AzimuthCorrelations.Nodes)), sin = Vector256.LoadUnsafe(ref first, (nuint)(g + (2 * AzimuthCorrelations.Nodes)));
            if (K.Kind == AzimuthFactorKind.Cascade)
            {
                weight = Greatest(Vector256<float>.Zero, Vector256<float>.One - Vector256.Abs(MassPlace(_secondOffset, _secondCos, _secondSin, cos, sin)));
                if (weight == Vector256<float>.Zero)
                {
                    place = weight;
                    return false;
                }
            }

            if (K.Kind == AzimuthFactorKind.HardMass)
            {
                weight = Least(Vector256<float>.One, Greatest(Vector256<float>.Zero, MassPlace(_secondOffset, _secondCos, _secondSin, cos, sin)));
                if (weight == Vector256<float>.Zero)
                {
                    place = weight;
                    return false;
                }
            }

            place = MassPlace(_offset, _cos, _sin, cos, sin);
            if (K.Kind == AzimuthFactorKind.SmallerMass)
            {
                place = Least(place, MassPlace(_secondOffset, _secondCos, _secondSin, cos, sin));
            }
            else if (K.Kind is AzimuthFactorKind.Balance or AzimuthFactorKind.FourthRoot or AzimuthFactorKind.HardMass)
            {
                place = Vector256.Sqrt(Greatest(Vector256<float>.Zero, place));
                place = K.Kind == AzimuthFactorKind.Balance ? place : Vector256.Sqrt(place);
            }
        }

        place = Greatest(Vector256.Create(_floor), place);
        return (Vector256.GreaterThanOrEqual(place, Vector256<float>.Zero) & Vector256.LessThan(place, Vector256.Create(_bins))).ExtractMostSignificantBits() != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> MassPlace(float offset, float cosP, float sinP, Vector256<float> cos, Vector256<float> sin) =>
        Vector256.FusedMultiplyAdd(cos, Vector256.Create(cosP), Vector256.FusedMultiplyAdd(sin, Vector256.Create(sinP), Vector256.Create(offset)));

    /// <summary>
    /// a &gt; b ? a : b, so the second one where either is no number: one instruction, where IEEE's maximum takes several.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Greatest(Vector256<float> a, Vector256<float> b) => Avx.IsSupported ? Avx.Max(a, b) : Vector256.ConditionalSelect(Vector256.GreaterThan(a, b), a, b);

    /// <summary>a &lt; b ? a : b, so the second one where either is no number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Least(Vector256<float> a, Vector256<float> b) => Avx.IsSupported ? Avx.Min(a, b) : Vector256.ConditionalSelect(Vector256.LessThan(a, b), a, b);

    /// <summary>Start and rise of eight intervals; <paramref name="at"/> is room for their numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe (Vector256<float> Start, Vector256<float> Rise) Look(float* pairs, Vector256<int> bin, int* at)
    {
        if (Avx.IsSupported)
        {
            // A pair is loaded as one number of eight bytes, first those of nodes 0, 1, 4, 5, then those of 2, 3, 6, 7: fewer cycles than a
            // gather takes.
            bin.Store(at);
            var p = (double*)pairs;
            var near = Vector256.Create(Two(p, at[0], at[1]), Two(p, at[4], at[5])).AsSingle();
            var far = Vector256.Create(Two(p, at[2], at[3]), Two(p, at[6], at[7])).AsSingle();
            return (Avx.Shuffle(near, far, 0b10_00_10_00), Avx.Shuffle(near, far, 0b11_01_11_01));
        }

        Vector256<float> start = default, rise = default;
        for (var k = 0; k < Width; k++)
        {
            start = start.WithElement(k, pairs[2 * bin[k]]);
            rise = rise.WithElement(k, pairs[(2 * bin[k]) + 1]);
        }

        return (start, rise);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector128<double> Two(double* p, int first, int second) => Sse2.LoadHigh(Sse2.LoadScalarVector128(p + first), p + second);

    // The kind as a type: the loops over the nodes are compiled for each.
    private interface IKind
    {
        static abstract AzimuthFactorKind Kind { get; }
    }

    private readonly struct Separation : IKind
    {
        public static AzimuthFactorKind Kind => AzimuthFactorKind.Separation;
    }

    private readonly struct Mass : IKind
    {
        public static AzimuthFactorKind Kind => AzimuthFactorKind.Mass;
    }

    private readonly struct SmallerMass : IKind
    {
        public static AzimuthFactorKind Kind => AzimuthFactorKind.SmallerMass;
    }

    private readonly struct Cascade : IKind
    {
        public static AzimuthFactorKind Kind => AzimuthFactorKind.Cascade;
    }

    private readonly struct Balance : IKind
    {
        public static AzimuthFactorKind Kind => AzimuthFactorKind.Balance;
    }

    private readonly struct FourthRoot : IKind
    {
        public static AzimuthFactorKind Kind => AzimuthFactorKind.FourthRoot;
    }

    private readonly struct HardMass : IKind
    {
        public static AzimuthFactorKind Kind => AzimuthFactorKind.HardMass;
    }
}

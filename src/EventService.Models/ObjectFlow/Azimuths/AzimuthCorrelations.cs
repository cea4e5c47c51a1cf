using System.Runtime.CompilerServices;

using EventService.Engine.Kernels;
using EventService.Models.WholeEvents;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>
/// What the azimuth of an object has to do with single earlier objects, where it is sharper than a network draws it: clustering radius
/// and isolation (functions of the distance in eta and phi), resonances and edges (functions of invariant masses of pairs, of
/// triples with a b-jet, and of the smaller mass of a lepton with a b-jet), and how nearly the event is in balance. One table each, fitted
/// to the data by <see cref="AzimuthCorrelationFit"/>; their product multiplies the network's density, with exponents that the network may
/// change for each kind of mass.
/// </summary>
/// <remarks>
/// With the object's pT and eta given and its own mass left out, the squared mass with an earlier four-momentum (E, p) is
/// a - b cos(phi - phi_p) with a = M^2 + 2 pT (E cosh eta - pz sinh eta) and b = 2 pT |p_T|. With R the recoil of the objects before, the
/// squared transverse momentum that is left is R^2 + pT^2 - 2 R pT cos(phi - phi_R).
/// </remarks>
public sealed class AzimuthCorrelations
{
    /// <summary>Nodes on the circle.</summary>
    public const int Nodes = 48;

    /// <summary>Fields with an exponent: pairs of light jets, triples of two jets and a b-jet, other pairs, balance.</summary>
    public const int Fields = 4;

    internal const int JetPairs = 1, Triples = 2, OtherPairs = 3, Balance = 4;

    internal const int SeparationTables = 10;
    internal const int PairTables = EventSlots.ClassCount * EventSlots.PositionCount;

    // Tables that are fitted before the training; those of the recoil and of hard triples come with the calibration.
    internal const int FittedTables = SeparationTables + PairTables + (3 * EventSlots.ClassCount);
    internal const int MetRecoilTable = FittedTables + EventSlots.ClassCount, MetAngleTable = MetRecoilTable + 1;
    internal const int TableCount = MetAngleTable + 1 + EventSlots.ClassCount;

    // Windows of the tables: distance squared, and masses squared [GeV^2] around the W, up to the edges of top decays, around the Z, and
    // around the top.
    private const double SeparationWindow = 1;
    private const double WLowest = 30 * 30, WHighest = 140 * 140;
    private const double EdgeHighest = 200 * 200;
    private const double ZLowest = 60 * 60, ZHighest = 120 * 120;
    private const double TopLowest = 110 * 110, TopHighest = 260 * 260;
    private const double TransverseHighest = 130 * 130;

    /// <summary>Squared mass [GeV^2] around which two jets are taken for a W, with full weight there and none so far away.</summary>
    internal const double CascadeCentre = 80.4 * 80.4, CascadeReach = 2600;

    /// <summary>Squared transverse momentum [GeV^2] above which a triple counts as hard at all, and above which fully.</summary>
    internal const double HardLowest = 80 * 80, HardHighest = 200 * 200;

    // Window of the transverse momentum that is left [GeV].
    private const double BalanceHighest = 144;
    private const int BalanceBins = 72;
    private const int SeparationBins = 100, MassBins = 64;

    // Window of the root of the recoil and of the masses of hard triples [GeV^(1/2)].
    private const double RecoilHighest = 30;
    private const int RecoilBins = 96, AngleBins = 192;

    private const int FirstB = 0, FirstJet = 3, FirstLepton = 9, FirstPhoton = 13;

    private readonly CorrelationTable?[] _tables;

    // The segments of all tables, where the garbage collector leaves them, and where those of each table begin.
    private readonly float[] _segments;
    private readonly int[] _firstSegments;

    /// <param name="tables">One table, or null for none, for each of the <see cref="TableCount"/> kinds.</param>
    /// <param name="recoilWidth">Width of the imbalance that the nodes resolve [GeV], or 0: see <see cref="AzimuthWarp"/>.</param>
    public AzimuthCorrelations(CorrelationTable?[] tables, double recoilWidth = 0)
    {
        ArgumentNullException.ThrowIfNull(tables);
        if (tables.Length != TableCount)
        {
            throw new ArgumentException($"{tables.Length} tables of azimuthal correlations, expected {TableCount}.");
        }

        foreach (var table in tables)
        {
            if (table is not null && (table.LogFactor is not { Length: >= 2 } || !(table.Lowest < table.Highest) || !double.IsFinite(table.Highest - table.Lowest) || !table.LogFactor.All(v => Math.Abs(v) <= 50)))
            {
                throw new ArgumentException($"A table of azimuthal correlations from {table.Lowest} to {table.Highest}; expected finite rising limits and at least two values between -50 and 50.");
            }
        }

        (_tables, RecoilWidth) = (tables, recoilWidth);
        _firstSegments = new int[tables.Length];
        var length = 0;
        for (var t = 0; t < tables.Length; t++)
        {
            _firstSegments[t] = length;
            length += tables[t] is { } table ? 2 * (table.Bins + 2) : 0;
        }

        _segments = GC.AllocateArray<float>(length, pinned: true);
        for (var t = 0; t < tables.Length; t++)
        {
            if (tables[t] is { } table)
            {
                WriteSegments(table, _segments.AsSpan(_firstSegments[t]));
            }
        }
    }

    /// <summary>No correlations.</summary>
    public static AzimuthCorrelations None { get; } = new(new CorrelationTable?[TableCount]);

    public IReadOnlyList<CorrelationTable?> Tables => _tables;

    /// <summary>Width of the imbalance that the nodes resolve [GeV]; 0 for equidistant nodes.</summary>
    public double RecoilWidth { get; }

    /// <summary>The same without the calls of an interface.</summary>
    internal ReadOnlySpan<CorrelationTable?> TableSpan => _tables;

    /// <summary>
    /// A table for vectors: value at the start and rise of each interval, one after the other, between a zero interval on either side.
    /// Stays in its place as long as this object is there.
    /// </summary>
    internal unsafe float* SegmentsOf(int table) => (float*)Unsafe.AsPointer(ref _segments[_firstSegments[table]]);

    private static void WriteSegments(CorrelationTable table, Span<float> segments)
    {
        for (var b = 0; b < table.Bins; b++)
        {
            segments[2 * (b + 1)] = (float)table.LogFactor[b];
            segments[(2 * (b + 1)) + 1] = (float)(table.LogFactor[b + 1] - table.LogFactor[b]);
        }
    }

    /// <summary>The density of an azimuth whose smooth part has this number of knots.</summary>
    public static CircularDensity DensityOf(int knots) => new(knots, Nodes / knots, Fields);

    /// <summary>Table of the separation of two families.</summary>
    internal static int SeparationTable(ObjectFamily a, ObjectFamily b)
    {
        var (first, second) = a < b ? ((int)a, (int)b) : ((int)b, (int)a);
        return (first * (7 - first) / 2) + second;
    }

    /// <summary>Table of the mass of a slot's object and the object at a position.</summary>
    internal static int PairTable(SlotClass slot, int position) => SeparationTables + ((int)slot * EventSlots.PositionCount) + position;

    /// <summary>Table of a jet's mass with an earlier jet and a b-jet; of a lepton's smaller mass with one of two b-jets.</summary>
    internal static int CombinationTable(SlotClass slot) => SeparationTables + PairTables + (int)slot;

    /// <summary>Table of a jet's mass with an earlier jet and a b-jet, where the two jets have about the mass of the W.</summary>
    internal static int CascadeTable(SlotClass slot) => SeparationTables + PairTables + (2 * EventSlots.ClassCount) + (int)slot;

    /// <summary>
    /// Table of the magnitude of the vector sum of all pT with the slot's object; of MET and recoil for the missing momentum.
    /// </summary>
    internal static int BalanceTable(SlotClass slot) => SeparationTables + PairTables + EventSlots.ClassCount + (int)slot;

    /// <summary>
    /// Table of the root of that magnitude, up to the hardest recoils, with the exponent one: for the calibration. The slot of the missing
    /// momentum stands for the last object, whatever it is: what the missing momentum is there to balance.
    /// </summary>
    internal static int RecoilTable(SlotClass slot) => FittedTables + (int)slot;

    /// <summary>
    /// Table of the root of a jet's mass with an earlier jet and a b-jet, where they are hard together, beyond the window of the top too,
    /// with the exponent one: for the calibration.
    /// </summary>
    internal static int HardMassTable(SlotClass slot) => MetAngleTable + 1 + (int)slot;

    /// <summary>
    /// True for tables that the calibration moves: not those of balance, whose exponents the network may have set to nothing, nor those of
    /// the missing momentum.
    /// </summary>
    internal static bool IsCalibrated(int table) =>
        !(table >= BalanceTable(0) && table < BalanceTable(0) + EventSlots.ClassCount)
        && !(table >= PairTable(SlotClass.Met, 0) && table < PairTable(SlotClass.Met, 0) + EventSlots.PositionCount);

    /// <summary>True for tables of the recoil.</summary>
    internal static bool IsRecoil(int table) => table is >= FittedTables and < MetRecoilTable;

    /// <summary>Field of the mass of a slot's object and the object at a position; 0 if no table describes it.</summary>
    internal static int PairField(SlotClass slot, int position) => EventSlots.GroupOf(slot) switch
    {
        SlotGroup.Jet when position is >= FirstJet and < FirstLepton => JetPairs,
        SlotGroup.BJet or SlotGroup.Jet when position < FirstJet => OtherPairs,
        SlotGroup.Lepton when position < FirstJet || position == (slot <= SlotClass.Electron2 ? FirstLepton : FirstLepton + 2) => OtherPairs,
        SlotGroup.Met when position is >= FirstLepton and < FirstPhoton => OtherPairs,
        _ => 0,
    };

    /// <summary>Positions of b-jets, and of jets, that are combined.</summary>
    internal static bool IsCombinedB(int position) => position is FirstB or FirstB + 1;

    internal static bool IsCombinedJet(int position) => position is >= FirstJet and < FirstJet + 4;

    /// <summary>These tables, and with factor one those that come with the calibration.</summary>
    internal AzimuthCorrelations WithCalibrated()
    {
        CorrelationTable?[] tables = [.. _tables];
        foreach (var slot in Enum.GetValues<SlotClass>())
        {
            tables[RecoilTable(slot)] = new CorrelationTable(0, RecoilHighest, new double[RecoilBins + 1]);
            if (EventSlots.GroupOf(slot) == SlotGroup.Jet && slot != SlotClass.Jet1)
            {
                tables[HardMassTable(slot)] = new CorrelationTable(0, RecoilHighest, new double[RecoilBins + 1]);
            }
        }

        tables[MetRecoilTable] = new CorrelationTable(0, RecoilHighest, new double[RecoilBins + 1]);
        tables[MetAngleTable] = new CorrelationTable(0, Math.PI * Math.PI * (1 + 1e-9), new double[AngleBins + 1]);

        return new AzimuthCorrelations(tables, RecoilWidth);
    }

    /// <summary>Tables of factor one for every kind that is fitted.</summary>
    internal static CorrelationTable?[] Flat()
    {
        var tables = new CorrelationTable?[TableCount];
        for (var t = 0; t < SeparationTables; t++)
        {
            tables[t] = new CorrelationTable(0, SeparationWindow, new double[SeparationBins + 1]);
        }

        foreach (var slot in Enum.GetValues<SlotClass>())
        {
            for (var position = 0; position < EventSlots.SeenPositions(slot); position++)
            {
                if (PairField(slot, position) > 0)
                {
                    var (lowest, highest) = slot == SlotClass.Met ? (0, TransverseHighest)
                        : PairField(slot, position) == JetPairs ? (WLowest, WHighest)
                        : position >= FirstLepton ? (ZLowest, ZHighest)
                        : (0, EdgeHighest);
                    tables[PairTable(slot, position)] = new CorrelationTable(lowest, highest, new double[MassBins + 1]);
                }
            }

            tables[BalanceTable(slot)] = new CorrelationTable(0, BalanceHighest, new double[BalanceBins + 1]);
            if (EventSlots.GroupOf(slot) == SlotGroup.Jet && slot != SlotClass.Jet1)
            {
                tables[CombinationTable(slot)] = new CorrelationTable(TopLowest, TopHighest, new double[MassBins + 1]);
                tables[CascadeTable(slot)] = new CorrelationTable(TopLowest, TopHighest, new double[MassBins + 1]);
            }
            else if (EventSlots.GroupOf(slot) == SlotGroup.Lepton)
            {
                tables[CombinationTable(slot)] = new CorrelationTable(0, EdgeHighest, new double[MassBins + 1]);
            }
        }

        return tables;
    }
}

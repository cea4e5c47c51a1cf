using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Selection;

namespace EventService.Generation.Preprocessing;

/// <summary>
/// The maps between the observables of an event and the unit interval in which the conditional splines act. Limits that
/// physics sets are ends of the interval: thresholds in pT, acceptance in eta, falling pT within a type.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>pT of the leading object of a type: t = -log(pT / threshold), so that the hard tail lies at y = 0 where floats are dense.</item>
/// <item>pT of the k-th object: t = log(pT_k / threshold) / log(pT_(k-1) / threshold) in [0, 1].</item>
/// <item>eta: t = eta in [-limit, limit]. Azimuth: y = delta phi / 2 pi + 1/2, in turns on the circle.</item>
/// <item>mass of jets: t = log(m / pT), so that E >= p always. Missing momentum: t = -log(MET / GeV).</item>
/// </list>
/// </remarks>
public sealed class EventCoordinates
{
    /// <summary>pT thresholds [GeV] of the object cuts, in the order of <see cref="ObjectType"/>.</summary>
    public static readonly IReadOnlyList<double> PtThresholds = [.. Enum.GetValues<ObjectType>().Select(t => EventSelection.ObjectCut(t).MinimumPt)];

    /// <summary>Largest |eta| of the object cuts, in the order of <see cref="ObjectType"/>.</summary>
    public static readonly IReadOnlyList<double> EtaCuts = [.. Enum.GetValues<ObjectType>().Select(t => EventSelection.ObjectCut(t).MaximumAbsEta)];

    private const double LogTwoPi = 1.8378770664093454836;
    private const double TwoPi = 6.2831853071795864769;

    // A jet's mass is at least this fraction of its pT; lighter ones are rounding noise of the printed energy.
    private const double SmallestMassFraction = 1e-4;
    private static readonly double s_logSmallestMassFraction = Log.Of(SmallestMassFraction);

    private readonly double[] _etaLimits;
    private readonly MarginalMap[] _pt;
    private readonly MarginalMap[] _eta;
    private readonly MarginalMap[] _mass;
    private readonly MarginalMap _met;

    public EventCoordinates(double[] etaLimits, MarginalMap[] pt, MarginalMap[] eta, MarginalMap[] mass, MarginalMap met, AzimuthCorrelations azimuth)
    {
        (_etaLimits, _pt, _eta, _mass, _met) = (etaLimits, pt, eta, mass, met);
        Azimuth = azimuth;
    }

    public IReadOnlyList<double> EtaLimits => _etaLimits;

    public IReadOnlyList<MarginalMap> PtMaps => _pt;

    public IReadOnlyList<MarginalMap> EtaMaps => _eta;

    public IReadOnlyList<MarginalMap> MassMaps => _mass;

    public MarginalMap MetMap => _met;

    public AzimuthCorrelations Azimuth { get; }

    /// <summary>The same maps with other correlations of the azimuths.</summary>
    public EventCoordinates WithAzimuth(AzimuthCorrelations azimuth) => new(_etaLimits, _pt, _eta, _mass, _met, azimuth);

    /// <summary>
    /// y and log |dy / dpT|. Where the event selection requires a pT above the threshold, the interval ends there: y is divided by
    /// its value at the required pT.
    /// </summary>
    public (float Y, double LogDerivative) PtToUnit(SlotClass slot, ObjectType type, double pt, double previousPt, double requiredPt)
    {
        var span = PtSpan(slot, type, previousPt);
        var logPt = Log.Of(pt);
        var (y, ld) = _pt[(int)slot].Forward((logPt - LogThreshold(type)) / span);
        var greatest = GreatestPtUnit(slot, type, requiredPt);
        return ((float)Math.Min(y / greatest, 1), ld - logPt - Log.Of(Math.Abs(span) * greatest));
    }

    /// <summary>pT and log |dy / dpT|. The logarithm of this and the following maps is 0 where <paramref name="withSlope"/> is false.</summary>
    public (double Pt, double LogDerivative) PtFromUnit(SlotClass slot, ObjectType type, float y, double previousPt, double requiredPt, bool withSlope = true)
    {
        var span = PtSpan(slot, type, previousPt);
        var greatest = GreatestPtUnit(slot, type, requiredPt);
        var (t, ld) = _pt[(int)slot].Inverse(Math.Max(y, 1e-30f) * greatest, withSlope);
        var logPt = LogThreshold(type) + (t * span);
        var pt = Math.Max(Exp.Of(logPt), Math.Max(PtThresholds[(int)type], requiredPt));
        return (EventSlots.IsLeading(slot) ? pt : Math.Min(pt, previousPt), withSlope ? ld - logPt - Log.Of(Math.Abs(span) * greatest) : 0);
    }

    public (float Y, double LogDerivative) EtaToUnit(SlotClass slot, double eta)
    {
        var (y, ld) = _eta[(int)slot].Forward(eta);
        return ((float)y, ld);
    }

    public (double Eta, double LogDerivative) EtaFromUnit(SlotClass slot, float y, bool withSlope = true) => _eta[(int)slot].Inverse(y, withSlope);

    /// <summary>y of an azimuth relative to the frame, and log |dy / dphi|.</summary>
    public static (float Y, double LogDerivative) AzimuthToUnit(double cos, double sin, (double Cos, double Sin) frame)
    {
        var dphi = Atan2.Of((sin * frame.Cos) - (cos * frame.Sin), (cos * frame.Cos) + (sin * frame.Sin));
        return ((float)((dphi / TwoPi) + 0.5), -LogTwoPi);
    }

    /// <summary>Cosine and sine of the azimuth.</summary>
    public static (double Cos, double Sin) AzimuthFromUnit(float y, (double Cos, double Sin) frame)
    {
        var (sin, cos) = SinCos.Of((y - 0.5) * TwoPi);
        return ((cos * frame.Cos) - (sin * frame.Sin), (sin * frame.Cos) + (cos * frame.Sin));
    }

    public (float Y, double LogDerivative) MassToUnit(SlotClass slot, double mass, double pt)
    {
        var logMass = Log.Of(Math.Max(mass, SmallestMassFraction * pt));
        var (y, ld) = _mass[(int)slot].Forward(logMass - Log.Of(pt));
        return ((float)y, ld - logMass);
    }

    public (double Mass, double LogDerivative) MassFromUnit(SlotClass slot, float y, double pt, bool withSlope = true)
    {
        var (t, ld) = _mass[(int)slot].Inverse(Math.Max(y, 1e-30f), withSlope);
        var logMass = Math.Max(t, s_logSmallestMassFraction) + Log.Of(pt);
        return (Exp.Of(logMass), withSlope ? ld - logMass : 0);
    }

    public (float Y, double LogDerivative) MetToUnit(double met)
    {
        var logMet = Log.Of(Math.Max(met, 1e-6));
        var (y, ld) = _met.Forward(-logMet);
        return ((float)y, ld - logMet);
    }

    public (double Met, double LogDerivative) MetFromUnit(float y, bool withSlope = true)
    {
        var (t, ld) = _met.Inverse(Math.Max(y, 1e-30f), withSlope);
        return (Exp.Of(-t), withSlope ? ld + t : 0);
    }

    private double GreatestPtUnit(SlotClass slot, ObjectType type, double requiredPt) =>
        requiredPt > PtThresholds[(int)type] && EventSlots.IsLeading(slot)
            ? _pt[(int)slot].Forward(LogThreshold(type) - Log.Of(requiredPt)).Y
            : 1;

    // t = (log pT - log threshold) / span: -1 turns the leading object's tail to y = 0.
    private static double PtSpan(SlotClass slot, ObjectType type, double previousPt) =>
        EventSlots.IsLeading(slot) ? -1 : Math.Max(Log.Of(previousPt) - LogThreshold(type), 1e-6);

    private static readonly double[] s_logThresholds = [.. PtThresholds.Select(Log.Of)];

    private static double LogThreshold(ObjectType type) => s_logThresholds[(int)type];

    /// <summary>Fits the maps to the marginal distributions of some events of a sample.</summary>
    public static EventCoordinates Fit(EventSample sample, ReadOnlySpan<int> events)
    {
        ArgumentNullException.ThrowIfNull(sample);
        List<double>[] pt = NewLists(), eta = NewLists(), mass = NewLists();
        var greatest = new double[EventSlots.TypeCount];
        var met = new double[events.Length];
        for (var row = 0; row < events.Length; row++)
        {
            var e = events[row];
            met[row] = -Log.Of(Math.Max(sample.Met[e], 1e-6));
            var index = 0;
            for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
            {
                var type = sample.Type[k];
                index = k > sample.Offsets[e] && sample.Type[k - 1] == type ? index + 1 : 0;
                var slot = EventSlots.ClassOf(type, index);
                var span = PtSpan(slot, type, index > 0 ? sample.Pt[k - 1] : 0);
                pt[(int)slot].Add((Log.Of(sample.Pt[k]) - LogThreshold(type)) / span);
                eta[(int)slot].Add(sample.Eta[k]);
                eta[(int)slot].Add(-sample.Eta[k]);
                greatest[(int)type] = Math.Max(greatest[(int)type], Math.Abs(sample.Eta[k]));
                if (DarkMachinesSchema.HasMass(type))
                {
                    var m = sample.Mass[k];
                    if (m > SmallestMassFraction * sample.Pt[k])
                    {
                        mass[(int)slot].Add(Log.Of(m / sample.Pt[k]));
                    }
                }
            }
        }

        // The tracker ends at 2.5: where no object of a type lies beyond, that is its limit, else the object cut.
        var limits = new double[EventSlots.TypeCount];
        for (var t = 0; t < limits.Length; t++)
        {
            var sameFlavour = t is >= 2 and <= 5 ? Math.Max(greatest[t], greatest[((t - 2) ^ 1) + 2]) : greatest[t];
            limits[t] = sameFlavour <= 2.5 ? Math.Min(2.5, EtaCuts[t]) : EtaCuts[t];
        }

        var maps = Enumerable.Range(0, (int)SlotClass.Met).Select(s => (SlotClass)s).ToArray();
        return new EventCoordinates(
            limits,
            [.. maps.Select(s => MarginalMap.Fit(Values(pt, s), EventSlots.IsLeading(s) ? double.NegativeInfinity : 0, EventSlots.IsLeading(s) ? 0 : 1))],
            [.. maps.Select(s => MarginalMap.Fit(Values(eta, s), -limits[(int)TypeOf(s)], limits[(int)TypeOf(s)]))],
            [.. maps.Select(s => MarginalMap.Fit(Values(mass, s), double.NegativeInfinity, double.PositiveInfinity))],
            MarginalMap.Fit(met, double.NegativeInfinity, double.PositiveInfinity),
            AzimuthCorrelationFit.Run(sample, events));
    }

    private static Span<double> Values(List<double>[] lists, SlotClass slot) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(lists[(int)slot]);

    private static List<double>[] NewLists() => [.. Enumerable.Range(0, (int)SlotClass.Met).Select(_ => new List<double>())];

    private static ObjectType TypeOf(SlotClass slot) => slot switch
    {
        <= SlotClass.BJet3 => ObjectType.BJet,
        <= SlotClass.Jet8 => ObjectType.Jet,
        <= SlotClass.Electron2 => ObjectType.ElectronMinus,
        <= SlotClass.Muon2 => ObjectType.MuonMinus,
        _ => ObjectType.Photon,
    };
}

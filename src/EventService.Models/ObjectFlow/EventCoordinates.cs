using EventService.Models.Flows.Networks;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Selection;

namespace EventService.Models.ObjectFlow;

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
/// <item>Missing momentum as imbalance: its difference d to the recoil of all objects, along that and across, t = asinh(d / 10 GeV).</item>
/// </list>
/// </remarks>
public sealed class EventCoordinates
{
    /// <summary>pT thresholds [GeV] of the object cuts, in the order of <see cref="ObjectType"/>.</summary>
    public static readonly IReadOnlyList<double> PtThresholds = [.. Enum.GetValues<ObjectType>().Select(t => EventSelection.ObjectCut(t).MinimumPt)];

    /// <summary>Largest |eta| of the object cuts, in the order of <see cref="ObjectType"/>.</summary>
    public static readonly IReadOnlyList<double> EtaCuts = [.. Enum.GetValues<ObjectType>().Select(t => EventSelection.ObjectCut(t).MaximumAbsEta)];

    // About the resolution of the missing momentum: below it the imbalance is linear, beyond it is taken by its logarithm.
    private const double ImbalanceScale = 10;

    private const double LogTwoPi = 1.8378770664093454836;
    private const double TwoPi = 6.2831853071795864769;

    // A recoil above this multiple of its width is resolved in the pT of the next object, and gets at most this share of the unit interval.
    private const double FocusedWidths = 4, FocusShare = 0.5;

    // Width of the share, in units of y, at least.
    private const double SmallestFocus = 1e-4;

    // A jet's mass is at least this fraction of its pT; lighter ones are rounding noise of the printed energy.
    private const double SmallestMassFraction = 1e-4;
    private static readonly double s_logSmallestMassFraction = Log.Of(SmallestMassFraction);

    private readonly double[] _etaLimits;
    private readonly MarginalMap[] _pt;
    private readonly MarginalMap[] _eta;
    private readonly MarginalMap[] _mass;
    private readonly MarginalMap _met;

    /// <param name="etaLimits">Greatest |eta| of each type.</param>
    /// <param name="pt">Maps of pT, one for each slot class, as are the next two.</param>
    /// <param name="eta">Maps of eta.</param>
    /// <param name="mass">The maps of the mass of jets.</param>
    /// <param name="met">Of MET; with <paramref name="across"/>, of the imbalance along the recoil.</param>
    /// <param name="azimuth">Correlations of the azimuths.</param>
    /// <param name="across">The map of the imbalance across the recoil; null where the missing momentum is taken by size and
    /// azimuth.</param>
    public EventCoordinates(double[] etaLimits, MarginalMap[] pt, MarginalMap[] eta, MarginalMap[] mass, MarginalMap met, AzimuthCorrelations azimuth, MarginalMap? across = null)
    {
        (_etaLimits, _pt, _eta, _mass, _met) = (etaLimits, pt, eta, mass, met);
        (Azimuth, AcrossMap) = (azimuth, across);
    }

    public IReadOnlyList<double> EtaLimits => _etaLimits;

    public IReadOnlyList<MarginalMap> PtMaps => _pt;

    public IReadOnlyList<MarginalMap> EtaMaps => _eta;

    public IReadOnlyList<MarginalMap> MassMaps => _mass;

    public MarginalMap MetMap => _met;

    /// <summary>The map of the imbalance across the recoil; null where the missing momentum is taken by size and azimuth.</summary>
    public MarginalMap? AcrossMap { get; }

    public AzimuthCorrelations Azimuth { get; }

    /// <summary>The same maps with other correlations of the azimuths.</summary>
    public EventCoordinates WithAzimuth(AzimuthCorrelations azimuth) => new(_etaLimits, _pt, _eta, _mass, _met, azimuth, AcrossMap);

    /// <summary>
    /// y and log |dy / dpT|. Where the event selection requires a pT above the threshold, the interval ends there: y is divided by
    /// its value at the required pT. With a width of the recoil, and a recoil of several widths, y goes through a <see cref="RecoilFocus"/>
    /// around the pT that balances it.
    /// </summary>
    public (float Y, double LogDerivative) PtToUnit(SlotClass slot, ObjectType type, double pt, double previousPt, double requiredPt, double recoil = 0)
    {
        var span = PtSpan(slot, type, previousPt);
        var logPt = Log.Of(pt);
        var (y, ld) = _pt[(int)slot].Forward((logPt - LogThreshold(type)) / span);
        var greatest = GreatestPtUnit(slot, type, requiredPt);
        var logDerivative = ld - logPt - Log.Of(Math.Abs(span) * greatest);
        var focus = FocusOf(slot, type, previousPt, requiredPt, recoil);
        if (focus.Share == 0)
        {
            return ((float)Math.Min(y / greatest, 1), logDerivative);
        }

        var (z, slope) = focus.Forward(Math.Min(y, 1));
        return ((float)z, logDerivative + Log.Of(slope));
    }

    /// <summary>
    /// pT and log |dy / dpT|. The logarithm of this and the following maps is 0 where <paramref name="withSlope"/> is false.
    /// </summary>
    public (double Pt, double LogDerivative) PtFromUnit(SlotClass slot, ObjectType type, float y, double previousPt, double requiredPt, bool withSlope = true, double recoil = 0)
    {
        var span = PtSpan(slot, type, previousPt);
        var greatest = GreatestPtUnit(slot, type, requiredPt);
        var focus = FocusOf(slot, type, previousPt, requiredPt, recoil);
        var unit = focus.Share == 0 ? Math.Max(y, 1e-30f) * greatest : Math.Max(focus.Inverse(y), 1e-30);
        var (t, ld) = _pt[(int)slot].Inverse(unit, withSlope);
        if (focus.Share != 0 && withSlope)
        {
            ld += Log.Of(focus.Forward(unit).Slope);
        }

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

    /// <summary>
    /// y of an azimuth relative to the frame, and log |dy / dphi|. With a <paramref name="warp"/> a, y = t / 2 pi + 1/2 with delta phi = t
    /// - a sin t (<see cref="AzimuthWarp"/>).
    /// </summary>
    public static (float Y, double LogDerivative) AzimuthToUnit(double cos, double sin, (double Cos, double Sin) frame, double warp = 0)
    {
        var dphi = Atan2.Of((sin * frame.Cos) - (cos * frame.Sin), (cos * frame.Cos) + (sin * frame.Sin));
        if (warp == 0)
        {
            return ((float)((dphi / TwoPi) + 0.5), -LogTwoPi);
        }

        var (t, slope) = AzimuthWarp.ToCircle(dphi, warp);
        return ((float)((t / TwoPi) + 0.5), -LogTwoPi - Log.Of(slope));
    }

    /// <summary>Cosine and sine of the azimuth, and log |dy / dphi|.</summary>
    public static ((double Cos, double Sin) Direction, double LogDerivative) AzimuthFromUnit(float y, (double Cos, double Sin) frame, double warp = 0)
    {
        var (phi, logDerivative) = ((y - 0.5) * TwoPi, -LogTwoPi);
        if (warp != 0)
        {
            (phi, var slope) = AzimuthWarp.FromCircle(phi, warp);
            logDerivative -= Log.Of(slope);
        }

        var (sin, cos) = SinCos.Of(phi);
        return (((cos * frame.Cos) - (sin * frame.Sin), (sin * frame.Cos) + (cos * frame.Sin)), logDerivative);
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

    /// <summary>
    /// Unit coordinates of the imbalance, and the log of their derivative with respect to MET and its azimuth: |d(along, across)| = MET
    /// dMET dphi.
    /// </summary>
    public (float Along, float Across, double LogDerivative) ImbalanceToUnit(double along, double across, double met)
    {
        var (a, logAlong) = _met.Forward(Asinh(along / ImbalanceScale));
        var (b, logAcross) = AcrossMap!.Forward(Asinh(across / ImbalanceScale));
        return ((float)a, (float)b, logAlong + LogSlope(along) + logAcross + LogSlope(across) + Log.Of(met));
    }

    /// <summary>Imbalance along the recoil [GeV], and log |dy / dd|.</summary>
    public (double Along, double LogDerivative) AlongFromUnit(float y, bool withSlope = true) => ImbalanceFromUnit(_met, y, withSlope);

    /// <summary>Imbalance across the recoil [GeV], and log |dy / dd|.</summary>
    public (double Across, double LogDerivative) AcrossFromUnit(float y, bool withSlope = true) => ImbalanceFromUnit(AcrossMap!, y, withSlope);

    private static (double Imbalance, double LogDerivative) ImbalanceFromUnit(MarginalMap map, float y, bool withSlope)
    {
        var (t, ld) = map.Inverse(Math.Clamp(y, 1e-30f, 1 - 6e-8f), withSlope);
        var d = ImbalanceScale * Sinh.Of(t);
        return (d, withSlope ? ld + LogSlope(d) : 0);
    }

    private static double Asinh(double x)
    {
        var size = Math.Abs(x);
        return Math.CopySign(Log1p.Of(size + (size * size / (1 + Math.Sqrt(1 + (size * size))))), x);
    }

    // log dt / dd of t = asinh(d / scale).
    private static double LogSlope(double d) => -0.5 * Log.Of((d * d) + (ImbalanceScale * ImbalanceScale));

    private double GreatestPtUnit(SlotClass slot, ObjectType type, double requiredPt) =>
        requiredPt > PtThresholds[(int)type] && EventSlots.IsLeading(slot)
            ? _pt[(int)slot].Forward(LogThreshold(type) - Log.Of(requiredPt)).Y
            : 1;

    private RecoilFocus FocusOf(SlotClass slot, ObjectType type, double previousPt, double requiredPt, double recoil)
    {
        var width = Azimuth.RecoilWidth;
        if (width == 0 || requiredPt > 0 || !(recoil > FocusedWidths * width))
        {
            return default;
        }

        var span = PtSpan(slot, type, previousPt);
        var pt = EventSlots.IsLeading(slot) ? recoil : Math.Min(recoil, previousPt);
        var (y, logSlope) = _pt[(int)slot].Forward((Log.Of(pt) - LogThreshold(type)) / span);
        return new RecoilFocus(FocusShare * (1 - (FocusedWidths * width / recoil)), Math.Clamp(y, 0, 1), Math.Max(Exp.Of(logSlope) / Math.Abs(span) * width / recoil, SmallestFocus));
    }

    // t = (log pT - log threshold) / span: -1 turns the leading object's tail to y = 0.
    private static double PtSpan(SlotClass slot, ObjectType type, double previousPt) =>
        EventSlots.IsLeading(slot) ? -1 : Math.Max(Log.Of(previousPt) - LogThreshold(type), 1e-6);

    private static readonly double[] s_logThresholds = [.. PtThresholds.Select(Log.Of)];

    private static double LogThreshold(ObjectType type) => s_logThresholds[(int)type];

    /// <summary>Fits the maps to the marginal distributions of some events of a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="events">Rows of it.</param>
    /// <param name="imbalance">Whether the missing momentum is taken as its difference to the recoil.</param>
    /// <param name="recoilWidth">Width of the imbalance that the nodes of azimuths resolve [GeV], or 0 for equidistant nodes.</param>
    public static EventCoordinates Fit(EventSample sample, ReadOnlySpan<int> events, bool imbalance = false, double recoilWidth = 0)
    {
        ArgumentNullException.ThrowIfNull(sample);
        List<double>[] pt = NewLists(), eta = NewLists(), mass = NewLists();
        var greatest = new double[EventSlots.TypeCount];
        var met = new double[events.Length];
        List<double> across = [];
        for (var row = 0; row < events.Length; row++)
        {
            var e = events[row];
            met[row] = -Log.Of(Math.Max(sample.Met[e], 1e-6));
            var index = 0;
            if (imbalance)
            {
                var (along, side) = ImbalanceOf(sample, e);
                met[row] = Asinh(along / ImbalanceScale);
                across.AddRange([Asinh(side / ImbalanceScale), Asinh(-side / ImbalanceScale)]);
            }

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
            AzimuthCorrelationFit.Run(sample, events, recoilWidth),
            imbalance ? MarginalMap.Fit(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(across), double.NegativeInfinity, double.PositiveInfinity) : null);
    }

    /// <summary>The missing momentum less the recoil of all objects of an event, along that and across [GeV].</summary>
    private static (double Along, double Across) ImbalanceOf(EventSample sample, int e)
    {
        double x = 0, y = 0;
        for (var k = sample.Offsets[e]; k < sample.Offsets[e + 1]; k++)
        {
            var (sin, cos) = SinCos.Of(sample.Phi[k]);
            x -= sample.Pt[k] * cos;
            y -= sample.Pt[k] * sin;
        }

        var recoil = Math.Sqrt((x * x) + (y * y));
        var (metSin, metCos) = SinCos.Of(sample.MetPhi[e]);
        var (frameCos, frameSin) = recoil > 1e-9 ? (x / recoil, y / recoil) : (1, 0);
        return ((sample.Met[e] * ((metCos * frameCos) + (metSin * frameSin))) - recoil, sample.Met[e] * ((metSin * frameCos) - (metCos * frameSin)));
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

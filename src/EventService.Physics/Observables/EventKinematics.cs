using EventService.Numerics.Functions;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Physics.Observables;

/// <summary>
/// One event laid out for observables: objects by kind and falling pT, with the sums and combinations that several
/// observables share. Reused from event to event; one instance a thread.
/// </summary>
public sealed class EventKinematics
{
    /// <summary>Pole masses [GeV] that pair and triplet choices aim at (PDG 2022; the samples' top mass is 173).</summary>
    public const double WMass = 80.4;
    public const double TopMass = 173;

    private float[] _columns = [];
    private readonly int[] _counts = new int[7];
    private readonly List<ObjectKinematics> _objects = [];
    private readonly List<ObjectKinematics> _bJets = [];
    private readonly List<ObjectKinematics> _lightJets = [];
    private readonly List<ObjectKinematics> _jets = [];
    private readonly List<ObjectKinematics> _leptons = [];
    private readonly List<ObjectKinematics> _photons = [];

    public double Met { get; private set; }
    public double MetPhi { get; private set; }
    public double MetX { get; private set; }
    public double MetY { get; private set; }

    /// <summary>Sum over all objects.</summary>
    public FourMomentum Sum { get; private set; }

    /// <summary>Scalar pT sums [GeV]: jets and b-jets; all objects.</summary>
    public double Ht { get; private set; }
    public double ScalarPt { get; private set; }

    /// <summary>Magnitude and azimuth of minus the vector pT sum of all objects.</summary>
    public double Mht { get; private set; }
    public double MhtPhi { get; private set; }

    /// <summary>Larger and smaller eigenvalue of sum p_i p_j over the transverse plane, all objects [GeV^2].</summary>
    public (double Larger, double Smaller) TransverseTensor { get; private set; }

    /// <summary>The two light jets with mass closest to <see cref="WMass"/>, and their mass; NaN without two light jets.</summary>
    public double WCandidateMass { get; private set; }

    /// <summary>Mass of the W candidate with the b-jet that brings it closest to <see cref="TopMass"/>; NaN without.</summary>
    public double TopCandidateMass { get; private set; }

    /// <summary>Mass of one b-jet and two light jets, the triplet with the largest vector pT sum; NaN without.</summary>
    public double HardestTripletMass { get; private set; }

    public double MinDeltaRJets { get; private set; }
    public double MinDeltaRLeptonJet { get; private set; }

    /// <summary>Smallest mass of the leading lepton with a b-jet [GeV]: below about 153 GeV where both are from one top.</summary>
    public double MinMassLeptonB { get; private set; }

    /// <summary>
    /// A scalar of an event in columns, or behind those the number of objects of a collection, or the sum of an array; rounded to float32
    /// as events are served: values on a grid then are equal where they are meant to be.
    /// </summary>
    public double Column(int column) => _columns[column];

    public int CountOf(ObjectType type) => _counts[(int)type];

    public IReadOnlyList<ObjectKinematics> Objects => _objects;

    /// <summary>b-tagged and other jets together.</summary>
    public IReadOnlyList<ObjectKinematics> Jets => _jets;

    public IReadOnlyList<ObjectKinematics> Leptons => _leptons;

    public int LightJetCount => _lightJets.Count;
    public int BJetCount => _bJets.Count;

    /// <summary>The object with the largest pT of all.</summary>
    public ObjectKinematics Leading { get; private set; }

    /// <summary>n-th object of a kind, counted from 1, or <see cref="ObjectKinematics.Absent"/>.</summary>
    public ObjectKinematics BJet(int n) => At(_bJets, n);
    public ObjectKinematics LightJet(int n) => At(_lightJets, n);
    public ObjectKinematics Jet(int n) => At(_jets, n);
    public ObjectKinematics Lepton(int n) => At(_leptons, n);
    public ObjectKinematics Photon(int n) => At(_photons, n);

    /// <summary>Reads event <paramref name="k"/> of the sample.</summary>
    public void Load(EventSample sample, int k)
    {
        ReadColumns(sample, k);
        if (!sample.HasDetectorEvents)
        {
            return;
        }

        Met = sample.Met[k];
        MetPhi = sample.MetPhi[k];
        var (sin, cos) = SinCos.Of(MetPhi);
        (MetX, MetY) = (Met * cos, Met * sin);
        ReadObjects(sample, sample.Offsets[k], sample.Offsets[k + 1]);
        SumObjects();
        ChooseTopCandidates();
        MinDeltaRJets = SmallestDeltaR(_jets, _jets);
        MinDeltaRLeptonJet = SmallestDeltaR(_leptons, _jets);
        MinMassLeptonB = double.NaN;
        foreach (var b in _bJets)
        {
            MinMassLeptonB = Lesser(MinMassLeptonB, InvariantMass.Of(Lepton(1).P4 + b.P4));
        }
    }

    private void ReadColumns(EventSample sample, int k)
    {
        var row = sample.Row(k);
        var length = row.Length + (sample.HasDetectorEvents ? 0 : sample.Collections.Length + sample.Arrays.Length);
        if (_columns.Length != length)
        {
            _columns = new float[length];
        }

        for (var c = 0; c < row.Length; c++)
        {
            _columns[c] = (float)row[c];
        }

        for (var c = row.Length; c < length; c++)
        {
            var part = c - row.Length;
            _columns[c] = part < sample.Collections.Length
                ? sample.Collections[part].Offsets[k + 1] - sample.Collections[part].Offsets[k]
                : (float)Moments.Sum(sample.Arrays[part - sample.Collections.Length].Row(k));
        }
    }

    private void ReadObjects(EventSample sample, int begin, int end)
    {
        Array.Clear(_counts);
        _objects.Clear();
        _bJets.Clear();
        _lightJets.Clear();
        _jets.Clear();
        _leptons.Clear();
        _photons.Clear();
        for (var i = begin; i < end; i++)
        {
            var type = sample.Type[i];
            var o = ObjectKinematics.FromPtEtaPhiE(type, sample.Pt[i], sample.Eta[i], sample.Phi[i], sample.Energy[i]);
            _counts[(int)type]++;
            _objects.Add(o);
            switch (type)
            {
                case ObjectType.BJet:
                    InsertByPt(_bJets, o);
                    InsertByPt(_jets, o);
                    break;
                case ObjectType.Jet:
                    InsertByPt(_lightJets, o);
                    InsertByPt(_jets, o);
                    break;
                case ObjectType.Photon:
                    InsertByPt(_photons, o);
                    break;
                default:
                    InsertByPt(_leptons, o);
                    break;
            }
        }
    }

    private void SumObjects()
    {
        Sum = default;
        Ht = ScalarPt = 0;
        Leading = ObjectKinematics.Absent;
        double xx = 0, xy = 0, yy = 0;
        foreach (var o in _objects)
        {
            Sum += o.P4;
            ScalarPt += o.Pt;
            if (o.Type is ObjectType.Jet or ObjectType.BJet)
            {
                Ht += o.Pt;
            }

            if (!(o.Pt <= Leading.Pt))
            {
                Leading = o;
            }

            xx += o.P4.Px * o.P4.Px;
            xy += o.P4.Px * o.P4.Py;
            yy += o.P4.Py * o.P4.Py;
        }

        Mht = Sum.Pt;
        MhtPhi = Atan2.Of(-Sum.Py, -Sum.Px);
        var root = Math.Sqrt((xx - yy) * (xx - yy) + 4 * xy * xy);
        TransverseTensor = ((xx + yy + root) / 2, Math.Max(0, (xx + yy - root) / 2));
    }

    private void ChooseTopCandidates()
    {
        WCandidateMass = TopCandidateMass = HardestTripletMass = double.NaN;
        var hardestPt = -1.0;
        for (var i = 0; i < _lightJets.Count; i++)
        {
            for (var k = i + 1; k < _lightJets.Count; k++)
            {
                var jj = _lightJets[i].P4 + _lightJets[k].P4;
                var pair = InvariantMass.Of(jj);
                if (!(Math.Abs(pair - WMass) >= Math.Abs(WCandidateMass - WMass)))
                {
                    WCandidateMass = pair;
                    TopCandidateMass = double.NaN;
                    foreach (var b in _bJets)
                    {
                        var triplet = InvariantMass.Of(jj + b.P4);
                        if (!(Math.Abs(triplet - TopMass) >= Math.Abs(TopCandidateMass - TopMass)))
                        {
                            TopCandidateMass = triplet;
                        }
                    }
                }

                foreach (var b in _bJets)
                {
                    var bjj = jj + b.P4;
                    if (bjj.Pt > hardestPt)
                    {
                        hardestPt = bjj.Pt;
                        HardestTripletMass = InvariantMass.Of(bjj);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Smallest separation of an object of one list and one of the other; of two different ones where the lists are the same.
    /// </summary>
    private static double SmallestDeltaR(List<ObjectKinematics> first, List<ObjectKinematics> second)
    {
        var smallest = double.NaN;
        for (var i = 0; i < first.Count; i++)
        {
            for (var k = ReferenceEquals(first, second) ? i + 1 : 0; k < second.Count; k++)
            {
                smallest = Lesser(smallest, ObjectKinematics.DeltaR(first[i], second[k]));
            }
        }

        return smallest;
    }

    private static double Lesser(double best, double candidate) => candidate < best || double.IsNaN(best) ? candidate : best;

    // Files come sorted by type, then pT; jets of both tags and the four lepton types are merged here.
    private static void InsertByPt(List<ObjectKinematics> list, in ObjectKinematics o)
    {
        var at = list.Count;
        while (at > 0 && list[at - 1].Pt < o.Pt)
        {
            at--;
        }

        list.Insert(at, o);
    }

    private static ObjectKinematics At(List<ObjectKinematics> list, int n) =>
        n <= list.Count ? list[n - 1] : ObjectKinematics.Absent;
}

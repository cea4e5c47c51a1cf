using EventService.Physics.Kinematics;

namespace EventService.Physics.Events;

/// <summary>
/// Whole collision events as a view of a sample: missing transverse momentum, and the objects that a detector finds in one list.
/// GeV and radians.
/// </summary>
/// <remarks>
/// Within an event the objects stand in the order of <see cref="ObjectType"/>, each type by falling pT.
/// Energy, pT, eta and phi are kept as they were given. A jet's mass is the one given, which a float32 energy need not hold; else it
/// follows from them.
/// </remarks>
public static class DetectorEvents
{
    // Places of the columns in the one collection of the layout, and of its arrays of one number.
    private const int EnergyColumn = 0, PtColumn = 1, EtaColumn = 2, PhiColumn = 3, MassColumn = 4, Columns = 5;
    private const int MetArray = 0, MetPhiArray = 1;

    private static readonly SampleLayout s_plain = LayoutOf(0);

    /// <summary>The layout of samples of whole events.</summary>
    /// <param name="furtherScalars">Numbers that each event has besides, such as a mass, as its row.</param>
    public static SampleLayout Layout(int furtherScalars = 0) => furtherScalars == 0 ? s_plain : LayoutOf(furtherScalars);

    private static SampleLayout LayoutOf(int furtherScalars) => new(furtherScalars, [new CollectionLayout(Columns, HasTypes: true)], [1, 1]);

    extension(EventSample sample)
    {
        /// <summary>Whether the sample is of whole collision events.</summary>
        public bool HasDetectorEvents => sample.DetectorObjects is not null;

        public int ObjectCount => Objects(sample).Count;

        /// <summary>Missing transverse momentum [GeV].</summary>
        public ReadOnlySpan<double> Met => sample.Arrays[MetArray].Values;

        /// <summary>Azimuth of the missing transverse momentum [rad].</summary>
        public ReadOnlySpan<double> MetPhi => sample.Arrays[MetPhiArray].Values;

        /// <summary>Objects of event k are Offsets[k] .. Offsets[k + 1]. One longer than there are events.</summary>
        public ReadOnlySpan<int> Offsets => Objects(sample).Offsets;

        public ReadOnlySpan<ObjectType> Type => Objects(sample).Types<ObjectType>();
        public ReadOnlySpan<double> Energy => Objects(sample).Column(EnergyColumn);
        public ReadOnlySpan<double> Pt => Objects(sample).Column(PtColumn);
        public ReadOnlySpan<double> Eta => Objects(sample).Column(EtaColumn);
        public ReadOnlySpan<double> Phi => Objects(sample).Column(PhiColumn);

        /// <summary>Mass of each jet and b-jet [GeV], 0 for leptons and photons; NaN or negative where the data are faulty.</summary>
        public ReadOnlySpan<double> Mass => Objects(sample).Column(MassColumn);

        /// <summary>Starts a new event; its objects follow by <c>AddObject</c>.</summary>
        public void AddEvent(long eventNumber, double weight, double met, double metPhi)
        {
            sample.AddEvent(eventNumber, weight);
            sample.Arrays[MetArray].Set(met);
            sample.Arrays[MetPhiArray].Set(metPhi);
        }

        /// <summary>Adds an object to the event started last; a jet gets the mass of <see cref="JetMass.Of"/>.</summary>
        public void AddObject(ObjectType type, double energy, double pt, double eta, double phi) =>
            sample.AddObject(type, energy, pt, eta, phi, DarkMachinesSchema.HasMass(type) ? JetMass.Of(energy, pt, eta) : 0);

        /// <summary>Adds an object of known mass to the event started last.</summary>
        public void AddObject(ObjectType type, double energy, double pt, double eta, double phi, double mass) =>
            Objects(sample).Add((byte)type, energy, pt, eta, phi, mass);
    }

    private static JaggedColumns Objects(EventSample sample) => sample.DetectorObjects
        ?? throw new InvalidOperationException("The sample has no objects of a detector: its events are no whole collision events.");
}

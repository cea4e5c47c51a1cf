using EventService.Physics.Kinematics;

namespace EventService.Physics.Events;

/// <summary>
/// A set of collisions in double precision, as a reader yields them and as training, evaluation and densities take
/// them: one row an event, objects in one flat list with offsets. GeV and radians. Events of a model whose schema is a
/// table have a row of numbers each, in the order of its columns and in their units, and no objects.
/// </summary>
/// <remarks>
/// Within an event the objects stand in the order of <see cref="ObjectType"/>, each type by falling pT. Energy, pT, eta and phi are kept as
/// they were given. A jet's mass is the one given, which a float32 energy need not hold; else it follows from them.
/// </remarks>
public sealed class EventSample
{
    private int _count;
    private int _objectCount;
    private long[] _eventNumber = [];
    private double[] _weight = [];
    private double[] _met = [];
    private double[] _metPhi = [];
    private int[] _offsets = new int[1];
    private ObjectType[] _type = [];
    private double[] _energy = [];
    private double[] _pt = [];
    private double[] _eta = [];
    private double[] _phi = [];
    private double[] _mass = [];
    private double[] _values = [];

    /// <param name="columnCount">
    /// Number of columns that each event has: all columns of a table; for whole events, only further ones such as a mass (usually none).
    /// </param>
    public EventSample(int columnCount = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(columnCount);
        ColumnCount = columnCount;
    }

    /// <summary>
    /// A sample for events of this schema: a table if it has scalar columns only, else whole events, with the
    /// scalars behind theirs as columns.
    /// </summary>
    public static EventSample For(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new EventSample(schema.IsTable ? schema.Scalars.Count : DarkMachinesSchema.FurtherScalars(schema).Count());
    }

    /// <summary>
    /// Number of columns that each event has: all columns of a table; for whole events, only further ones (usually none).
    /// </summary>
    public int ColumnCount { get; }

    /// <summary>Name of the physics process, as in the file's second field.</summary>
    public string ProcessName { get; set; } = "";

    public int Count => _count;
    public int ObjectCount => _objectCount;

    public ReadOnlySpan<long> EventNumber => _eventNumber.AsSpan(0, _count);
    public ReadOnlySpan<double> Weight => _weight.AsSpan(0, _count);

    /// <summary>Missing transverse momentum [GeV].</summary>
    public ReadOnlySpan<double> Met => _met.AsSpan(0, _count);

    /// <summary>Azimuth of the missing transverse momentum [rad].</summary>
    public ReadOnlySpan<double> MetPhi => _metPhi.AsSpan(0, _count);

    /// <summary>Objects of event k are Offsets[k] .. Offsets[k + 1]. Length <see cref="Count"/> + 1.</summary>
    public ReadOnlySpan<int> Offsets => _offsets.AsSpan(0, _count + 1);

    public ReadOnlySpan<ObjectType> Type => _type.AsSpan(0, _objectCount);
    public ReadOnlySpan<double> Energy => _energy.AsSpan(0, _objectCount);
    public ReadOnlySpan<double> Pt => _pt.AsSpan(0, _objectCount);
    public ReadOnlySpan<double> Eta => _eta.AsSpan(0, _objectCount);
    public ReadOnlySpan<double> Phi => _phi.AsSpan(0, _objectCount);

    /// <summary>Mass of each jet and b-jet [GeV], 0 for leptons and photons; NaN or negative where the data are faulty.</summary>
    public ReadOnlySpan<double> Mass => _mass.AsSpan(0, _objectCount);

    /// <summary>Starts a new event; its objects follow by <c>AddObject</c>.</summary>
    public void AddEvent(long eventNumber, double weight, double met, double metPhi)
    {
        if (_count == _eventNumber.Length)
        {
            var capacity = Math.Max(64, 2 * _count);
            Array.Resize(ref _eventNumber, capacity);
            Array.Resize(ref _weight, capacity);
            Array.Resize(ref _met, capacity);
            Array.Resize(ref _metPhi, capacity);
            Array.Resize(ref _offsets, capacity + 1);
        }

        _eventNumber[_count] = eventNumber;
        _weight[_count] = weight;
        _met[_count] = met;
        _metPhi[_count] = metPhi;
        _count++;
        _offsets[_count] = _objectCount;
    }

    /// <summary>Adds an object to the event started last; a jet gets the mass of <see cref="JetMass.Of"/>.</summary>
    public void AddObject(ObjectType type, double energy, double pt, double eta, double phi) =>
        AddObject(type, energy, pt, eta, phi, DarkMachinesSchema.HasMass(type) ? JetMass.Of(energy, pt, eta) : 0);

    /// <summary>Adds an object of known mass to the event started last.</summary>
    public void AddObject(ObjectType type, double energy, double pt, double eta, double phi, double mass)
    {
        if (_objectCount == _type.Length)
        {
            var capacity = Math.Max(256, 2 * _objectCount);
            Array.Resize(ref _type, capacity);
            Array.Resize(ref _energy, capacity);
            Array.Resize(ref _pt, capacity);
            Array.Resize(ref _eta, capacity);
            Array.Resize(ref _phi, capacity);
            Array.Resize(ref _mass, capacity);
        }

        _type[_objectCount] = type;
        _energy[_objectCount] = energy;
        _pt[_objectCount] = pt;
        _eta[_objectCount] = eta;
        _phi[_objectCount] = phi;
        _mass[_objectCount] = mass;
        _objectCount++;
        _offsets[_count] = _objectCount;
    }

    /// <summary>
    /// Adds event k of another sample: of whole events, or of a table with as many columns. Columns that this
    /// sample does not have are left out.
    /// </summary>
    /// <exception cref="ArgumentException">The other sample has rows of another length.</exception>
    public void AddFrom(EventSample other, int k) =>
        AddFrom(other, k, (other ?? throw new ArgumentNullException(nameof(other)))._eventNumber[k]);

    /// <summary>Adds event k of another sample under another number.</summary>
    /// <exception cref="ArgumentException">The other sample has rows of another length.</exception>
    public void AddFrom(EventSample other, int k, long eventNumber)
    {
        ArgumentNullException.ThrowIfNull(other);
        AddEvent(eventNumber, other._weight[k], other._met[k], other._metPhi[k]);
        for (var i = other._offsets[k]; i < other._offsets[k + 1]; i++)
        {
            AddObject(other._type[i], other._energy[i], other._pt[i], other._eta[i], other._phi[i], other._mass[i]);
        }

        // A sample without columns takes the whole events of one with them.
        SetRow(ColumnCount == 0 ? [] : other.Row(k));
    }

    /// <summary>The numbers of event k of a table.</summary>
    public ReadOnlySpan<double> Row(int k) => _values.AsSpan(k * ColumnCount, ColumnCount);

    /// <summary>Adds an event of a table, with weight 1.</summary>
    /// <exception cref="ArgumentException">The number of values is not <see cref="ColumnCount"/>.</exception>
    public void AddRow(long eventNumber, ReadOnlySpan<double> values)
    {
        AddEvent(eventNumber, 1, 0, 0);
        SetRow(values);
    }

    /// <summary>Sets the numbers of the event added last.</summary>
    /// <exception cref="ArgumentException">The number of values is not <see cref="ColumnCount"/>.</exception>
    public void SetRow(ReadOnlySpan<double> values)
    {
        if (values.Length != ColumnCount)
        {
            throw new ArgumentException($"The event has {values.Length} numbers, expected {ColumnCount}.", nameof(values));
        }

        if (_values.Length < _count * ColumnCount)
        {
            Array.Resize(ref _values, _weight.Length * ColumnCount);
        }

        values.CopyTo(_values.AsSpan((_count - 1) * ColumnCount));
    }

    /// <summary>Forgets all events but keeps the memory.</summary>
    public void Clear() => Truncate(0);

    /// <summary>Forgets the events from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _count);
        _count = count;
        _objectCount = _offsets[count];
    }
}

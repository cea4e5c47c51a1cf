using EventService.Physics.Events;
using EventService.Physics.Kinematics;

namespace EventService.Physics.Formats;

/// <summary>The kind of value that a field of a whole event holds, which decides what numbers it accepts.</summary>
internal enum FieldKind
{
    EventNumber,
    Weight,
    MissingPt,
    Count,
    PositiveGev,
    Eta,
    Azimuth,
    Mass,
    Charge,
    Further,
}

/// <summary>A field of a whole event by the name that it has in JSON and NumPy files.</summary>
/// <param name="Name">Name, such as MET_pt, nJet, Jet_pt.</param>
/// <param name="Kind">Kind of value.</param>
/// <param name="Collection">Index of the collection, -1 for a scalar.</param>
/// <param name="Column">Index of the column in the collection, -1 for its count.</param>
internal sealed record EventField(string Name, FieldKind Kind, int Collection, int Column)
{
    /// <summary>
    /// May be left out: the event number is then the place in the file, the weight 1, the count that of the
    /// lists, the mass that of the energy.
    /// </summary>
    public bool IsOptional => Kind is FieldKind.EventNumber or FieldKind.Weight or FieldKind.Count or FieldKind.Mass;

    /// <summary>One number for each object of a collection.</summary>
    public bool IsList => Column >= 0;

    /// <summary>Why a number cannot stand in the field, or null if it can.</summary>
    public string? Fault(double value) => Kind switch
    {
        FieldKind.Mass => null, // a mass that cannot be is a matter of the density
        _ when !double.IsFinite(value) => "is not a finite number",
        FieldKind.MissingPt when value < 0 => "is negative",
        FieldKind.PositiveGev when value <= 0 => "is not positive",
        FieldKind.Azimuth when Math.Abs(value) > DarkMachinesReader.LargestPhi => "is outside -pi .. pi",
        FieldKind.Charge when Math.Abs(value) != 1 => "is not -1 or 1",
        _ => null,
    };
}

/// <summary>The fields of one whole event as the readers of JSON and NumPy files collect them.</summary>
internal sealed class WholeEventFields
{
    private static readonly EventField[] s_wholeEvent = [.. Enumerate(DarkMachinesSchema.Create(new ObjectMaxima(0, 0, 0, 0, 0)))];

    private readonly double[][] _values;
    private readonly int[] _counts;
    private readonly double[] _further;
    private readonly ObjectList _objects = new();

    /// <param name="further">
    /// Names of scalars that each event has besides those of <see cref="DarkMachinesSchema"/>, such as a mass.
    /// </param>
    public WholeEventFields(IEnumerable<string> further)
    {
        All = [.. s_wholeEvent, .. further.Select(name => new EventField(name, FieldKind.Further, -1, -1))];
        _values = [.. All.Select(f => new double[f.IsList ? 16 : 1])];
        _counts = new int[All.Length];
        _further = new double[All.Length - s_wholeEvent.Length];
    }

    /// <summary>The fields in the order of <see cref="DarkMachinesSchema"/>, which our own files use; then the further scalars.</summary>
    public EventField[] All { get; }

    public long EventNumber { get; set; }

    /// <summary>Forgets the event before. Weight 1 stands for a missing one.</summary>
    public void Clear(long eventNumber)
    {
        Array.Clear(_counts);
        EventNumber = eventNumber;
        _values[1][0] = 1;
    }

    public int CountOf(int field) => _counts[field];

    public double ValueOf(int field) => _values[field][0];

    public void Add(int field, double value)
    {
        var count = _counts[field];
        if (count == _values[field].Length)
        {
            Array.Resize(ref _values[field], 2 * count);
        }

        _values[field][count] = value;
        _counts[field]++;
    }

    /// <summary>Appends the event. All lists of a collection are equally long.</summary>
    public void AppendTo(EventSample sample)
    {
        _objects.Clear();
        for (var f = 4; f < All.Length; f++)
        {
            if (All[f] is not { Column: DarkMachinesSchema.Pt, Collection: var collection })
            {
                continue;
            }

            var hasMass = DarkMachinesSchema.HasMass(collection);
            var massGiven = hasMass && _counts[f + DarkMachinesSchema.Mass] > 0;
            for (var i = 0; i < _counts[f]; i++)
            {
                var charge = DarkMachinesSchema.HasCharge(collection) ? _values[f + DarkMachinesSchema.Charge][i] : 0;
                var energy = _values[f + DarkMachinesSchema.Energy][i];
                var pt = _values[f][i];
                var eta = _values[f + DarkMachinesSchema.Eta][i];
                var mass = massGiven ? _values[f + DarkMachinesSchema.Mass][i] : hasMass ? JetMass.Of(energy, pt, eta) : 0;
                _objects.Add(
                    DarkMachinesSchema.TypeOf(collection, (float)charge), energy, pt, eta, _values[f + DarkMachinesSchema.Phi][i], mass);
            }
        }

        sample.AddEvent(EventNumber, _values[1][0], _values[2][0], _values[3][0]);
        _objects.AppendTo(sample);
        for (var k = 0; k < _further.Length; k++)
        {
            _further[k] = _values[s_wholeEvent.Length + k][0];
        }

        sample.SetRow(_further);
    }

    private static IEnumerable<EventField> Enumerate(SampleSchema schema)
    {
        yield return new EventField("event", FieldKind.EventNumber, -1, -1);
        FieldKind[] scalars = [FieldKind.Weight, FieldKind.MissingPt, FieldKind.Azimuth];
        for (var s = 0; s < scalars.Length; s++)
        {
            yield return new EventField(schema.Scalars[s].Name, scalars[s], -1, -1);
        }

        for (var c = 0; c < schema.Collections.Count; c++)
        {
            var collection = schema.Collections[c];
            yield return new EventField($"n{collection.Name}", FieldKind.Count, c, -1);
            for (var x = 0; x < collection.Columns.Count; x++)
            {
                yield return new EventField($"{collection.Name}_{collection.Columns[x].Name}", KindOf(collection.Columns[x].Name), c, x);
            }
        }
    }

    private static FieldKind KindOf(string column) => column switch
    {
        "pt" or "energy" => FieldKind.PositiveGev,
        "eta" => FieldKind.Eta,
        "phi" => FieldKind.Azimuth,
        "mass" => FieldKind.Mass,
        "charge" => FieldKind.Charge,
        _ => throw new ArgumentOutOfRangeException(nameof(column), column, "Not a column of whole events."),
    };
}

namespace EventService.Physics.Events;

/// <summary>Largest number of objects of each collection in a record of fixed size.</summary>
public sealed record ObjectMaxima(int Jets, int BJets, int Electrons, int Muons, int Photons);

/// <summary>
/// The schema of whole collision events: weight, missing transverse momentum, and the collections Jet, BJet,
/// Electron, Muon and Photon. Jets and b-jets have a mass, since a float32 energy does not hold that of a light jet far forward.
/// Electrons and muons carry a charge; negative ones come first, each charge by falling pT.
/// Converts between samples (double) and blocks (float32, rounded to nearest).
/// </summary>
public static class DarkMachinesSchema
{
    // Indices of scalars and collections in the schema.
    internal const int Weight = 0, MetPt = 1, MetPhi = 2;
    internal const int Jet = 0, BJet = 1, Electron = 2, Muon = 3, Photon = 4;

    // Indices of columns in every collection; the fifth is the mass of jets and b-jets and the charge of electrons and muons.
    internal const int Pt = 0, Eta = 1, Phi = 2, Energy = 3, Mass = 4, Charge = 4;

    private static readonly ColumnSchema[] Scalars =
    [
        new("weight", "pb", "Event weight: the cross-section that the event stands for, before division by the number of events"),
        new("MET_pt", "GeV", "Missing transverse momentum"),
        new("MET_phi", "rad", "Azimuth of the missing transverse momentum, -pi to pi"),
    ];

    private static readonly ColumnSchema[] Kinematics =
    [
        new("pt", "GeV", "Transverse momentum"),
        new("eta", "1", "Pseudorapidity"),
        new("phi", "rad", "Azimuth, -pi to pi"),
        new("energy", "GeV", "Energy"),
    ];

    private static readonly ColumnSchema[] JetKinematics = [.. Kinematics, new("mass", "GeV", "Mass")];

    private static readonly ColumnSchema[] LeptonKinematics = [.. Kinematics, new("charge", "e", "Electric charge, -1 or +1")];

    public static SampleSchema Create(ObjectMaxima maxima)
    {
        ArgumentNullException.ThrowIfNull(maxima);
        return new SampleSchema(
            Scalars,
            [
                new CollectionSchema("Jet", maxima.Jets, JetKinematics),
                new CollectionSchema("BJet", maxima.BJets, JetKinematics),
                new CollectionSchema("Electron", maxima.Electrons, LeptonKinematics),
                new CollectionSchema("Muon", maxima.Muons, LeptonKinematics),
                new CollectionSchema("Photon", maxima.Photons, Kinematics),
            ]);
    }

    /// <summary>The schema whose maxima are the largest counts of the sample.</summary>
    public static SampleSchema Create(EventSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        Span<int> largest = stackalloc int[5];
        Span<int> counts = stackalloc int[5];
        for (var k = 0; k < sample.Count; k++)
        {
            counts.Clear();
            for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
            {
                counts[CollectionOf(sample.Type[i])]++;
            }

            for (var c = 0; c < counts.Length; c++)
            {
                largest[c] = Math.Max(largest[c], counts[c]);
            }
        }

        return Create(new ObjectMaxima(largest[Jet], largest[BJet], largest[Electron], largest[Muon], largest[Photon]));
    }

    /// <summary>True for a schema with the names and the order that <see cref="Create(ObjectMaxima)"/> gives.</summary>
    public static bool IsWholeEvent(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return schema.HasSameColumns(Create(new ObjectMaxima(0, 0, 0, 0, 0)));
    }

    /// <summary>True for whole events whose scalars may be followed by further ones, such as the mass of each event.</summary>
    public static bool StartsWithWholeEvent(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return IsWholeEvent(schema with { Scalars = [.. schema.Scalars.Take(Scalars.Length)] });
    }

    /// <summary>Names of the scalars behind those of whole events.</summary>
    public static IEnumerable<string> FurtherScalars(SampleSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return schema.Scalars.Skip(Scalars.Length).Select(s => s.Name);
    }

    /// <summary>
    /// The schema of whole events that a model file means: its own, or one of today's columns with its maxima where the file
    /// is older than the masses of jets. Null for other columns.
    /// </summary>
    public static SampleSchema? Upgrade(SampleSchema schema)
    {
        if (IsWholeEvent(schema))
        {
            return schema;
        }

        var today = Create(new ObjectMaxima(0, 0, 0, 0, 0));
        var before = today with
        {
            Collections = [.. today.Collections.Select(c => c with { Columns = [.. c.Columns.Except([JetKinematics[Mass]])] })],
        };
        return schema.HasSameColumns(before)
            ? today with
            {
                Collections = [.. today.Collections.Zip(schema.Collections, (now, then) => now with { Maximum = then.Maximum })],
            }
            : null;
    }

    /// <summary>Replaces the block's events by events first .. first + count - 1 of the sample, rounded to float32.</summary>
    public static void ToBlock(EventSample sample, int first, int count, EventBlock block)
    {
        ArgumentNullException.ThrowIfNull(sample);
        RequireWholeEvent(block);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, sample.Count - first);

        block.Resize(count);
        ReadOnlySpan<double> pt = sample.Pt, eta = sample.Eta, phi = sample.Phi, energy = sample.Energy, mass = sample.Mass;
        var offsets = sample.Offsets;
        var types = sample.Type;
        var objects = offsets[first + count] - offsets[first];
        Span<int> filled = stackalloc int[5];
        foreach (var collection in block.Collections)
        {
            collection.EnsureCapacity(count, objects);
        }

        for (var row = 0; row < count; row++)
        {
            var k = first + row;
            block.EventNumber[row] = sample.EventNumber[k];
            block.Scalars[Weight][row] = (float)sample.Weight[k];
            block.Scalars[MetPt][row] = (float)sample.Met[k];
            block.Scalars[MetPhi][row] = (float)sample.MetPhi[k];
            for (var c = 0; c < filled.Length; c++)
            {
                block.Collections[c].Offsets[row] = filled[c];
            }

            for (var i = offsets[k]; i < offsets[k + 1]; i++)
            {
                var type = types[i];
                var c = CollectionOf(type);
                var columns = block.Collections[c].Columns;
                var at = filled[c]++;
                columns[Pt][at] = (float)pt[i];
                columns[Eta][at] = (float)eta[i];
                columns[Phi][at] = (float)phi[i];
                columns[Energy][at] = (float)energy[i];
                if (HasMass(c))
                {
                    columns[Mass][at] = (float)mass[i];
                }
                else if (HasCharge(c))
                {
                    columns[Charge][at] = type is ObjectType.ElectronMinus or ObjectType.MuonMinus ? -1 : 1;
                }
            }
        }

        for (var c = 0; c < filled.Length; c++)
        {
            block.Collections[c].Offsets[count] = filled[c];
        }
    }

    /// <summary>Appends the events of the block to the sample, exactly; objects come into the sample's order.</summary>
    public static void ToSample(EventBlock block, EventSample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        RequireWholeEvent(block);
        var objects = new ObjectList();
        for (var row = 0; row < block.Count; row++)
        {
            objects.Clear();
            for (var c = 0; c < block.Collections.Length; c++)
            {
                var columns = block.Collections[c].Columns;
                for (var i = block.Collections[c].Offsets[row]; i < block.Collections[c].Offsets[row + 1]; i++)
                {
                    var type = TypeOf(c, HasCharge(c) ? columns[Charge][i] : 0);
                    objects.Add(
                        type, columns[Energy][i], columns[Pt][i], columns[Eta][i], columns[Phi][i], HasMass(c) ? columns[Mass][i] : 0);
                }
            }

            sample.AddEvent(block.EventNumber[row], block.Scalars[Weight][row], block.Scalars[MetPt][row], block.Scalars[MetPhi][row]);
            objects.AppendTo(sample);
        }
    }

    /// <summary>True for jets and b-jets, which have a mass.</summary>
    public static bool HasMass(ObjectType type) => type is ObjectType.BJet or ObjectType.Jet;

    internal static bool HasMass(int collection) => collection is Jet or BJet;

    internal static bool HasCharge(int collection) => collection is Electron or Muon;

    internal static int CollectionOf(ObjectType type) => type switch
    {
        ObjectType.BJet => BJet,
        ObjectType.Jet => Jet,
        ObjectType.ElectronMinus or ObjectType.ElectronPlus => Electron,
        ObjectType.MuonMinus or ObjectType.MuonPlus => Muon,
        _ => Photon,
    };

    internal static ObjectType TypeOf(int collection, float charge) => collection switch
    {
        Jet => ObjectType.Jet,
        BJet => ObjectType.BJet,
        Electron => charge < 0 ? ObjectType.ElectronMinus : ObjectType.ElectronPlus,
        Muon => charge < 0 ? ObjectType.MuonMinus : ObjectType.MuonPlus,
        _ => ObjectType.Photon,
    };

    private static void RequireWholeEvent(EventBlock block)
    {
        ArgumentNullException.ThrowIfNull(block);
        if (!IsWholeEvent(block.Schema))
        {
            throw new ArgumentException(
                $"The block has the columns {block.Schema.Describe()}, expected those of whole collision events.", nameof(block));
        }
    }
}

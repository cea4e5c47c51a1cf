using EventService.Physics.Events;

namespace EventService.Physics.Kinds;

/// <summary>
/// Showers in a calorimeter: energies of voxels in arrays of fixed shape, beside scalars such as the energy of the incident particle.
/// </summary>
internal sealed class ShowerKind : EventKind
{
    public override string Name => "showers";

    public override string Columns => "arrays of fixed shape, scalars or none, no collection";

    public override bool Includes(SampleSchema schema) => schema.Arrays.Count > 0 && schema.Collections.Count == 0;
}

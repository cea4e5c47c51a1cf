using System.Runtime.InteropServices;

using EventService.Numerics.Functions;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>
/// The nodes of an azimuth's density: azimuths relative to the recoil at equidistant t (<see cref="AzimuthWarp"/>), their cosines and
/// sines, and log dphi/dt, in single precision.
/// </summary>
internal sealed class AzimuthGrid
{
    private const int Nodes = AzimuthCorrelations.Nodes;

    private readonly float[] _values = new float[4 * Nodes];

    public AzimuthGrid(double a) => Set(a);

    /// <summary>Nodes that are equidistant in the azimuth.</summary>
    public static AzimuthGrid Equidistant { get; } = new(0);

    /// <summary>First of the azimuths; cosines follow after <see cref="Nodes"/> of them, then sines.</summary>
    public ref float First => ref MemoryMarshal.GetArrayDataReference(_values);

    /// <summary>log dphi/dt at the nodes.</summary>
    public ReadOnlySpan<float> LogSlopes => _values.AsSpan(3 * Nodes);

    /// <summary>Moves the nodes to a map with the parameter a.</summary>
    public void Set(double a)
    {
        for (var g = 0; g < Nodes; g++)
        {
            var (phi, slope) = AzimuthWarp.FromCircle((g * (2 * Math.PI / Nodes)) - Math.PI, a);
            var (sin, cos) = SinCos.Of(phi);
            (_values[g], _values[Nodes + g], _values[(2 * Nodes) + g]) = ((float)phi, (float)cos, (float)sin);
            _values[(3 * Nodes) + g] = a > 0 ? (float)Log.Of(slope) : 0;
        }
    }
}

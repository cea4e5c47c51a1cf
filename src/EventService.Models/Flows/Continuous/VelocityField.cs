using EventService.Models.Flows.Networks;

namespace EventService.Models.Flows.Continuous;

/// <summary>
/// A velocity field v(x, s): a network whose inputs are x [D], the <see cref="TimeEmbedding"/> of s and, for a path of several legs, one
/// number a leg, 1 for the present one and 0 for the others. Parameters of the physics enter by the network's gates.
/// </summary>
/// <remarks>A leg has a time of its own, from 0 to 1: where legs meet, the direction may change at once.</remarks>
public sealed class VelocityField
{
    private readonly Lazy<PackedNetwork> _packed;
    private readonly Lazy<NetworkTangents> _tangents;

    /// <param name="features">D.</param>
    /// <param name="legs">Legs of the path.</param>
    /// <param name="frequencies">K of the time embedding.</param>
    /// <param name="network">Takes <see cref="InputsOf"/> numbers and gives D.</param>
    /// <exception cref="ArgumentException">The network has other inputs or outputs.</exception>
    public VelocityField(int features, int legs, int frequencies, ConditionerNetwork network)
    {
        ArgumentNullException.ThrowIfNull(network);
        var inputs = InputsOf(features, legs, frequencies);
        if (network.Inputs != inputs || network.Outputs != features)
        {
            throw new ArgumentException($"The velocity network takes {network.Inputs} numbers and gives {network.Outputs}, expected {inputs} ({features} features, {frequencies} frequencies, {legs} legs) and {features}.", nameof(network));
        }

        (Features, Legs, Frequencies, Network) = (features, legs, frequencies, network);
        _packed = new(() => new PackedNetwork(network));
        _tangents = new(() => new NetworkTangents(network, features));
    }

    public int Features { get; }

    public int Legs { get; }

    public int Frequencies { get; }

    public ConditionerNetwork Network { get; }

    /// <summary>Inputs besides x.</summary>
    public int ContextSize => Network.Inputs - Features;

    /// <summary>In float32, for sampling.</summary>
    internal PackedNetwork Packed => _packed.Value;

    /// <summary>In double precision and with derivatives, for densities.</summary>
    internal NetworkTangents Tangents => _tangents.Value;

    /// <summary>Inputs of the network of such a field.</summary>
    public static int InputsOf(int features, int legs, int frequencies) => features + TimeEmbedding.Size(frequencies) + (legs > 1 ? legs : 0);

    /// <summary>The field under a condition, without gates; itself if it has none.</summary>
    public VelocityField At(ReadOnlySpan<double> condition) => Network.At(condition) is var network && network == Network ? this : new(Features, Legs, Frequencies, network);

    /// <summary>Writes the inputs besides x.</summary>
    /// <param name="leg">Present leg.</param>
    /// <param name="s">Its time, 0 to 1.</param>
    /// <param name="to"><see cref="ContextSize"/> numbers.</param>
    public void FillContext(int leg, double s, Span<double> to) => FillContext(Legs, Frequencies, leg, s, to);

    /// <summary>The same for a field that is still to be trained.</summary>
    internal static void FillContext(int legs, int frequencies, int leg, double s, Span<double> to)
    {
        var size = TimeEmbedding.Size(frequencies);
        TimeEmbedding.Fill(s, to[..size]);
        to[size..].Clear();
        if (legs > 1)
        {
            to[size + leg] = 1;
        }
    }
}

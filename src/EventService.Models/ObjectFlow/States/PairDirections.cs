using System.Runtime.Intrinsics;

using EventService.Models.WholeEvents;

namespace EventService.Models.ObjectFlow.States;

/// <summary>
/// Where an object and an earlier one have a given mass. That of a massless pair is m at cos(dphi) = cosh(deta) - m^2 / (2 pT1 pT2),
/// transverse masses alike without cosh: this number, and the two directions at +-dphi from the earlier object. For all earlier objects at
/// a time, in single precision; each goes through the same operations on every processor.
/// </summary>
internal readonly ref struct PairDirections
{
    /// <summary>Numbers that the inputs of a network take from each pair.</summary>
    public const int Inputs = 5;

    /// <summary>Floats of room for all earlier objects.</summary>
    public const int Room = 9 * Lanes;

    private const int Width = 8;

    // Earlier objects in whole vectors.
    private const int Lanes = (EventSlots.PositionCount + Width - 1) / Width * Width;

    private const float Farthest = 3;

    /// <param name="room"><see cref="Room"/> floats.</param>
    public PairDirections(Span<float> room)
    {
        Cos = room.Slice(0, Lanes);
        Sin = room.Slice(Lanes, Lanes);
        Cosh = room.Slice(2 * Lanes, Lanes);
        Ratio = room.Slice(3 * Lanes, Lanes);
        _wanted = room.Slice(4 * Lanes, Lanes);
        _cosAhead = room.Slice(5 * Lanes, Lanes);
        _sinAhead = room.Slice(6 * Lanes, Lanes);
        _cosBehind = room.Slice(7 * Lanes, Lanes);
        _sinBehind = room.Slice(8 * Lanes, Lanes);
    }

    /// <summary>Cosine of the earlier objects' azimuths.</summary>
    public Span<float> Cos { get; }

    /// <summary>Sine of the earlier objects' azimuths.</summary>
    public Span<float> Sin { get; }

    /// <summary>cosh(deta), or 1 for transverse masses.</summary>
    public Span<float> Cosh { get; }

    /// <summary>m^2 / (2 pT1 pT2).</summary>
    public Span<float> Ratio { get; }

    private readonly Span<float> _wanted, _cosAhead, _sinAhead, _cosBehind, _sinBehind;

    /// <summary>Computes the directions of at least the first objects, as many as asked for.</summary>
    public void Find(int count)
    {
        for (var p = 0; p < count; p += Width)
        {
            Vector256<float> cos = Vector256.Create<float>(Cos[p..]), sin = Vector256.Create<float>(Sin[p..]);
            var wanted = Vector256.Create<float>(Cosh[p..]) - Vector256.Create<float>(Ratio[p..]);
            var cosD = Vector256.Min(Vector256<float>.One, Vector256.Max(-Vector256<float>.One, wanted));
            var sinD = Vector256.Sqrt(Vector256<float>.One - (cosD * cosD));
            Vector256.Min(Vector256.Create(Farthest), Vector256.Max(Vector256.Create(-Farthest), wanted)).CopyTo(_wanted[p..]);
            ((cos * cosD) - (sin * sinD)).CopyTo(_cosAhead[p..]);
            ((sin * cosD) + (cos * sinD)).CopyTo(_sinAhead[p..]);
            ((cos * cosD) + (sin * sinD)).CopyTo(_cosBehind[p..]);
            ((sin * cosD) - (cos * sinD)).CopyTo(_sinBehind[p..]);
        }
    }

    /// <summary>Writes the inputs about an earlier object.</summary>
    public void Write(int place, Span<float> to)
    {
        to[4] = _sinBehind[place];
        to[0] = _wanted[place];
        to[1] = _cosAhead[place];
        to[2] = _sinAhead[place];
        to[3] = _cosBehind[place];
    }
}

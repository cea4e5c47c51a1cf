namespace EventService.Engine.Random;

/// <summary>
/// The random numbers of one event: a pure function of (key, event index, attempt, purpose), so that any event can be
/// drawn alone and a redrawn event disturbs no other.
/// </summary>
/// <remarks>Counter words of Philox4x32-10: index (64 bits), attempt, purpose * 2^16 + block. Each block gives two doubles.</remarks>
public struct EventRandom(ulong key, ulong index, uint attempt, ushort purpose)
{
    private readonly uint _first = (uint)purpose << 16;
    private uint _block;
    private ulong _spare;
    private bool _hasSpare;

    /// <summary>Uniform in (0, 1): a 53-bit multiple of 2^-53 plus half a step.</summary>
    public double NextDouble()
    {
        if (_hasSpare)
        {
            _hasSpare = false;
            return ToDouble(_spare);
        }

        var (a, b, c, d) = Philox.Block((uint)key, (uint)(key >> 32), (uint)index, (uint)(index >> 32), attempt, _first + _block);
        _block++;
        _spare = ((ulong)d << 32) | c;
        _hasSpare = true;
        return ToDouble(((ulong)b << 32) | a);
    }

    private static double ToDouble(ulong bits) => ((bits >> 11) + 0.5) * (1.0 / (1UL << 53));
}

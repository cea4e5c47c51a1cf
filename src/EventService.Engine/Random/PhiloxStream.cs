namespace EventService.Engine.Random;

/// <summary>
/// The words of one event in order: counter (block, substream, stream) under one key. A mutable struct: pass it by reference,
/// a copy draws the same numbers again.
/// </summary>
/// <param name="key">Shared by all events: seed, model and condition, hashed by the caller.</param>
/// <param name="stream">The event's number.</param>
/// <param name="substream">The attempt, or another independent use of the same event.</param>
public struct PhiloxStream(ulong key, ulong stream, uint substream = 0)
{
    private (uint R0, uint R1, uint R2, uint R3) _block;
    private ulong _drawn;

    /// <summary>Number of 32-bit words drawn so far.</summary>
    public readonly ulong Drawn => _drawn;

    /// <summary>A uniform 32-bit word.</summary>
    /// <exception cref="InvalidOperationException">2^34 words have been drawn.</exception>
    public uint NextUInt32()
    {
        var word = (int)_drawn & 3;
        if (word == 0)
        {
            Refill();
        }

        _drawn++;
        return word switch { 0 => _block.R0, 1 => _block.R1, 2 => _block.R2, _ => _block.R3 };
    }

    /// <summary>Two words; the first is the low one.</summary>
    public ulong NextUInt64()
    {
        var word = (int)_drawn & 3;
        if ((word & 1) != 0)
        {
            var last = NextUInt32();
            return ((ulong)NextUInt32() << 32) | last;
        }

        if (word == 0)
        {
            Refill();
        }

        _drawn += 2;
        var (low, high) = word == 0 ? (_block.R0, _block.R1) : (_block.R2, _block.R3);
        return ((ulong)high << 32) | low;
    }

    /// <summary>Uniform in the open interval (0, 1), see <see cref="Philox.ToFloat"/>; one word.</summary>
    public float NextFloat() => Philox.ToFloat(NextUInt32());

    /// <summary>Uniform in the open interval (0, 1), see <see cref="Philox.ToDouble"/>; two words.</summary>
    public double NextDouble() => Philox.ToDouble(NextUInt64());

    /// <summary>Uniform in the open interval (0, 1), see <see cref="Philox.ToUnitFloat"/>; two words.</summary>
    public float NextUnitFloat() => Philox.ToUnitFloat(NextUInt64());

    /// <summary>
    /// Uniform in 0 ... bound - 1 without bias: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019) 3.
    /// Draws one word, rarely more.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The bound is 0.</exception>
    public uint NextBelow(uint bound)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bound);
        var product = (ulong)NextUInt32() * bound;
        if ((uint)product < bound)
        {
            var reject = (0 - bound) % bound; // 2^32 mod bound
            while ((uint)product < reject)
            {
                product = (ulong)NextUInt32() * bound;
            }
        }

        return (uint)(product >> 32);
    }

    private void Refill()
    {
        if (_drawn >> 34 != 0)
        {
            throw new InvalidOperationException(
                $"Stream {stream}, substream {substream}: all 2^34 words are drawn. Take another substream.");
        }

        _block = Philox.Block((uint)key, (uint)(key >> 32), (uint)(_drawn >> 2), substream, (uint)stream, (uint)(stream >> 32));
    }
}

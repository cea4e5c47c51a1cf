namespace EventService.Engine.Random;

/// <summary>temp</summary>
public static class Philox
{
    public static (uint, uint, uint, uint) Block(uint k0, uint k1, uint c0, uint c1, uint c2, uint c3)
    {
        for (var r = 0; r < 10; r++)
        {
            ulong p0 = 0xD2511F53UL * c0, p1 = 0xCD9E8D57UL * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }

        return (c0, c1, c2, c3);
    }
}

/// <summary>temp</summary>
public struct PhiloxStream(ulong key, ulong stream)
{
    private ulong _counter;

    public uint NextUInt32()
    {
        var (a, _, _, _) = Philox.Block((uint)key, (uint)(key >> 32), (uint)_counter, (uint)(_counter >> 32), (uint)stream, (uint)(stream >> 32));
        _counter++;
        return a;
    }

    public float NextFloat() => ((NextUInt32() >> 8) + 0.5f) * 5.9604645e-8f;
}

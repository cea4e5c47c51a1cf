using EventService.Physics.Events;

namespace EventService.Models.WholeEvents;

/// <summary>Number of objects of each of the seven types of an event, each at most 255.</summary>
public readonly record struct CountVector
{
    private readonly ulong _packed;

    public CountVector(ReadOnlySpan<int> counts)
    {
        for (var t = 0; t < EventSlots.TypeCount; t++)
        {
            _packed |= (ulong)(byte)Math.Clamp(counts[t], 0, 255) << (8 * t);
        }
    }

    /// <summary>Objects of event k.</summary>
    public static CountVector Of(EventSample sample, int k)
    {
        ArgumentNullException.ThrowIfNull(sample);
        Span<int> counts = stackalloc int[EventSlots.TypeCount];
        counts.Clear();
        for (var i = sample.Offsets[k]; i < sample.Offsets[k + 1]; i++)
        {
            counts[(int)sample.Type[i]]++;
        }

        return new CountVector(counts);
    }

    public int this[int type] => (int)(_packed >> (8 * type)) & 255;

    public int Total
    {
        get
        {
            var total = 0;
            for (var t = 0; t < EventSlots.TypeCount; t++)
            {
                total += this[t];
            }

            return total;
        }
    }

    public void CopyTo(Span<int> counts)
    {
        for (var t = 0; t < EventSlots.TypeCount; t++)
        {
            counts[t] = this[t];
        }
    }

    public int[] ToArray()
    {
        var counts = new int[EventSlots.TypeCount];
        CopyTo(counts);
        return counts;
    }

    /// <summary>In the order of the types: b, j, e-, e+, m-, m+, g.</summary>
    public override string ToString() => $"({string.Join(", ", ToArray())})";
}

namespace EventService.Physics.Events;

/// <summary>The objects of one event on their way into a sample: taken in any order, given in the sample's.</summary>
public sealed class ObjectList
{
    private Entry[] _entries = new Entry[64];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    public void Add(ObjectType type, double energy, double pt, double eta, double phi, double mass)
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, 2 * Count);
        }

        _entries[Count] = new Entry(type, Count, energy, pt, eta, phi, mass);
        Count++;
    }

    /// <summary>Adds the objects to the event started last: by type, each by falling pT, equal pT in the order they came.</summary>
    public void AppendTo(EventSample sample)
    {
        var entries = _entries.AsSpan(0, Count);
        for (var i = 1; i < entries.Length; i++)
        {
            if (Entry.Order(entries[i - 1], entries[i]) > 0)
            {
                entries.Sort(Entry.Order);
                break;
            }
        }

        foreach (ref readonly var o in entries)
        {
            sample.AddObject(o.Type, o.Energy, o.Pt, o.Eta, o.Phi, o.Mass);
        }
    }

    private readonly record struct Entry(ObjectType Type, int Index, double Energy, double Pt, double Eta, double Phi, double Mass)
    {
        public static int Order(Entry a, Entry b) =>
            a.Type != b.Type ? a.Type.CompareTo(b.Type) : a.Pt != b.Pt ? b.Pt.CompareTo(a.Pt) : a.Index.CompareTo(b.Index);
    }
}

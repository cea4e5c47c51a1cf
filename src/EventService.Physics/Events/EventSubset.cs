namespace EventService.Physics.Events;

/// <summary>Samples made of some events of another sample.</summary>
public static class EventSubset
{
    /// <summary>The events at the positions that fulfil the condition, in their order.</summary>
    public static EventSample Where(EventSample sample, Func<int, bool> condition) =>
        At(sample, Enumerable.Range(0, sample.Count).Where(condition));

    /// <summary>The events at these positions, in the given order.</summary>
    public static EventSample At(EventSample sample, IEnumerable<int> positions)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(positions);
        var selected = sample.Empty();
        foreach (var k in positions)
        {
            selected.AddFrom(sample, k);
        }

        return selected;
    }
}

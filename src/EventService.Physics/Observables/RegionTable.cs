using EventService.Physics.Events;
using EventService.Physics.Selection;

namespace EventService.Physics.Observables;

/// <summary>The events of a sample that pass a signal region as rows of its observables.</summary>
public static class RegionTable
{
    /// <summary>The table, in the order of the sample and with its event numbers, and the sum of the weights of these events.</summary>
    public static (EventSample Table, double SumOfWeights) Of(
        EventSample sample, SignalRegion region, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(region);
        var rows = new double[sample.Count][];
        ObservableTable.ForEachEvent(
            sample, (e, k) => rows[k] = region.Passes(e) ? [.. region.Observables.Select(o => o.Value(e))] : [], cancellation);
        var (table, weights) = (new EventSample(region.Observables.Count) { ProcessName = sample.ProcessName }, 0.0);
        for (var k = 0; k < rows.Length; k++)
        {
            if (rows[k].Length > 0)
            {
                table.AddRow(sample.EventNumber[k], rows[k]);
                weights += sample.Weight[k];
            }
        }

        return (table, weights);
    }
}

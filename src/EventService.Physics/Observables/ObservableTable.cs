using EventService.Physics.Events;

namespace EventService.Physics.Observables;

/// <summary>Values of observables for the events of a sample, one column an observable, NaN where it is not defined.</summary>
public sealed class ObservableTable
{
    private ObservableTable(IReadOnlyList<Observable> observables, double[][] columns, int count)
    {
        Observables = observables;
        Columns = columns;
        Count = count;
    }

    public IReadOnlyList<Observable> Observables { get; }

    /// <summary>Values, [observable][event].</summary>
    public double[][] Columns { get; }

    /// <summary>Number of events.</summary>
    public int Count { get; }

    /// <summary>Computes the observables of every event on all cores; the result does not depend on their number.</summary>
    public static ObservableTable Compute(
        EventSample sample, IReadOnlyList<Observable> observables, CancellationToken cancellation = default)
    {
        var columns = observables.Select(_ => new double[sample.Count]).ToArray();
        ForEachEvent(sample, (e, k) =>
        {
            for (var c = 0; c < columns.Length; c++)
            {
                columns[c][k] = observables[c].Value(e);
            }
        }, cancellation);
        return new ObservableTable(observables, columns, sample.Count);
    }

    /// <summary>Calls <paramref name="visit"/> once with every event and its row, in blocks on all cores, in no order.</summary>
    internal static void ForEachEvent(EventSample sample, Action<EventKinematics, int> visit, CancellationToken cancellation)
    {
        const int block = 1024;
        var blocks = (sample.Count + block - 1) / block;
        Parallel.For(0, blocks, new ParallelOptions { CancellationToken = cancellation }, () => new EventKinematics(), (b, _, kinematics) =>
        {
            for (var k = b * block; k < Math.Min(sample.Count, (b + 1) * block); k++)
            {
                kinematics.Load(sample, k);
                visit(kinematics, k);
            }

            return kinematics;
        }, _ => { });
    }
}

using EventService.Physics.Events;

namespace EventService.Generation.Training;

/// <summary>What an event of a data file is used for.</summary>
public enum DataUse
{
    Training,
    Validation,
    Test,
}

/// <summary>
/// The split of a data file, the same for every program: the event at position k of the file, counted from 0, belongs to the test
/// set if k % 10 == 0, to the validation set if k % 10 == 1, and to the training set otherwise. It depends on nothing else,
/// so that a model never meets a test event in training, whatever seed or command line it was trained with.
/// </summary>
public static class DataSplit
{
    /// <summary>What the event at position <paramref name="k"/> of a file, counted from 0, is used for.</summary>
    public static DataUse UseOf(long k) => (k % 10) switch
    {
        0 => DataUse.Test,
        1 => DataUse.Validation,
        _ => DataUse.Training,
    };

    /// <summary>Number of events with this use in a file of <paramref name="count"/> events.</summary>
    public static long Count(long count, DataUse use)
    {
        var (tens, rest) = (count / 10, count % 10);
        return use switch
        {
            DataUse.Test => tens + (rest > 0 ? 1 : 0),
            DataUse.Validation => tens + (rest > 1 ? 1 : 0),
            _ => count - Count(count, DataUse.Test) - Count(count, DataUse.Validation),
        };
    }

    /// <summary>The events of a whole file that have this use, in their order.</summary>
    public static EventSample Select(EventSample file, DataUse use)
    {
        ArgumentNullException.ThrowIfNull(file);
        return EventSelection.Where(file, k => UseOf(k) == use);
    }
}

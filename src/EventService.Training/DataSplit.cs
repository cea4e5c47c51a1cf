namespace EventService.Training;

/// <summary>
/// Which events of a file are for what: event k (from 0) is kept for tests if k % 10 == 0, for early stopping if
/// k % 40 == 1, and trained on otherwise. A fixed rule, so that evaluation knows which events no training saw.
/// </summary>
public static class DataSplit
{
    public static bool IsTest(long k) => k % 10 == 0;

    public static bool IsValidation(long k) => k % 40 == 1;

    public static bool IsTraining(long k) => !IsTest(k) && !IsValidation(k);

    /// <summary>Rows of a sample of <paramref name="count"/> events that a rule selects.</summary>
    public static int[] Rows(int count, Func<long, bool> rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        return [.. Enumerable.Range(0, count).Where(k => rule(k))];
    }
}

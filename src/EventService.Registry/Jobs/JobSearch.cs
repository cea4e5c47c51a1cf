namespace EventService.Registry.Jobs;

/// <summary>Which jobs are wanted, the latest first; all conditions must hold.</summary>
/// <param name="Owner">Only jobs of this owner; null for all.</param>
/// <param name="State">In this state.</param>
/// <param name="After">Older than this one: the last of the page before.</param>
/// <param name="Limit">The largest number of rows.</param>
public sealed record JobSearch(string? Owner = null, string? State = null, long? After = null, int Limit = JobSearch.DefaultLimit)
{
    public const int DefaultLimit = 100;
    public const int LargestLimit = 1000;

    /// <exception cref="RegistryException">The state is unknown, or the limit is out of range.</exception>
    public void Check()
    {
        if (State is not null && !JobState.All.Contains(State))
        {
            throw new RegistryException(RegistryFault.Invalid, $"state is '{State}', expected one of {string.Join(", ", JobState.All)}.");
        }

        if (Limit is < 1 or > LargestLimit)
        {
            throw new RegistryException(RegistryFault.Invalid, $"limit is {Limit}, expected 1 to {LargestLimit}.");
        }
    }
}

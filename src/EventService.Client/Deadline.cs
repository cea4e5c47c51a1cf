namespace EventService.Client;

/// <summary>When an operation is over, however many calls it takes.</summary>
/// <param name="time">Measures it.</param>
/// <param name="timeout">From now on; null for never.</param>
internal sealed class Deadline(TimeProvider time, TimeSpan? timeout)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Time that is left, null for all there is; not below a millisecond, which lets a call fail as it would.</summary>
    public TimeSpan? Left => timeout is { } whole ? TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, (whole - time.GetElapsedTime(_start)).Ticks)) : null;
}

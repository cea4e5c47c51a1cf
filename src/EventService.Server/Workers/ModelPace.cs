namespace EventService.Server.Workers;

/// <summary>How long a model takes for an event, as seen lately. For several threads; a reading may be one chunk old.</summary>
internal sealed class ModelPace(double secondsPerEvent = ModelPace.Unknown)
{
    private const double Unknown = 1e-4;

    /// <summary>Other work on the machine makes chunks longer, never shorter: the estimate falls at once and rises slowly.</summary>
    private const double Rise = 1.01;

    private double _secondsPerEvent = secondsPerEvent;

    public double SecondsFor(long events) => events * Volatile.Read(ref _secondsPerEvent);

    /// <summary>Counts what a chunk of at least a tile has taken.</summary>
    public void Observe(int events, double seconds)
    {
        var seen = seconds / events;
        var known = Volatile.Read(ref _secondsPerEvent);
        Volatile.Write(ref _secondsPerEvent, Math.Min(seen, known * Rise));
    }

    /// <summary>Whole tiles that take at most this long [s], at least one.</summary>
    public int ChunkOf(int tile, int largest, double seconds) =>
        tile * (int)Math.Clamp(Math.Floor(seconds / SecondsFor(tile)), 1, Math.Max(1, largest / tile));
}

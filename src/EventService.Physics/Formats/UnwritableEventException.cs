namespace EventService.Physics.Formats;

/// <summary>An event cannot be held by a format; the message names the event, the column and what the format can hold.</summary>
public sealed class UnwritableEventException(long eventNumber, string fault) : Exception($"Event {eventNumber}: {fault}")
{
    public long EventNumber => eventNumber;
}

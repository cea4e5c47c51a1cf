using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Generation.Requests;

/// <summary>The kind of the events that a request is about.</summary>
public static class RequestedKind
{
    /// <exception cref="RequestException">The events are of no known kind; the message says what there is.</exception>
    public static EventKind Of(SampleSchema schema)
    {
        try
        {
            return EventKind.Of(schema);
        }
        catch (NotSupportedException e)
        {
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
    }
}

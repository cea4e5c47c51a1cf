namespace EventService.Models.Contracts;

public enum RequestFault
{
    /// <summary>A value is not understood, missing or out of range.</summary>
    BadValue,

    /// <summary>The values are fine but this model cannot do it.</summary>
    Cannot,
}

/// <summary>A request cannot be carried out; the message says what was found, what was expected and what to do.</summary>
public sealed class RequestException(RequestFault fault, string message) : Exception(message)
{
    public RequestFault Fault => fault;
}

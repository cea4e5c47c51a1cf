namespace EventService.Models.Contracts;

/// <summary>An event was redrawn as often as allowed without passing the validity filter.</summary>
public sealed class AttemptsExhaustedException(string message) : Exception(message);

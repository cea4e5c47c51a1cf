namespace EventService.Models.Contracts;

/// <summary>A model file was refused; the message says what was found, what was expected and what to do.</summary>
public sealed class ModelFormatException(string message, Exception? inner = null) : Exception(message, inner);

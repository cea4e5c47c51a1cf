namespace EventService.Engine.Serialization;

/// <summary>A safetensors file was refused; the message says what was found, what was expected and where.</summary>
public sealed class SafeTensorsException(string message, Exception? inner = null) : Exception(message, inner);

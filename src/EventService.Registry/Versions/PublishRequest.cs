namespace EventService.Registry.Versions;

/// <summary>A model file is to be published.</summary>
/// <param name="Name">Name of the model; null for the one in the file's document.</param>
/// <param name="Sha256">Digest that the file must have, hexadecimal; null to take what comes.</param>
public sealed record PublishRequest(string? Name = null, string? Sha256 = null);

namespace EventService.Registry.Versions;

/// <summary>Which version is wanted. A process or a model must be named; without version and alias it is the one in production.</summary>
public sealed record ModelQuery(string? Process = null, string? Model = null, int? Version = null, string? Alias = null);

using System.Text.Json;

namespace EventService.Registry.Catalog;

/// <summary>A model with its versions and what its aliases mean.</summary>
public sealed record ModelResponse(string Name, string Process, DateTime CreatedAt, IReadOnlyDictionary<string, int> Aliases, IReadOnlyList<VersionResponse> Versions);

/// <summary>A version; Validated says whether its last validation card passes, null where it has none.</summary>
public sealed record VersionResponse(int Version, string Sha256, long SizeBytes, string State, string CreatedBy, DateTime CreatedAt, bool? Validated);

/// <summary>A version with the model document as it stands in the file.</summary>
public sealed record VersionDocumentResponse(
    string Name, string Process, int Version, string Sha256, long SizeBytes, string State, string CreatedBy, DateTime CreatedAt, bool? Validated, JsonElement Document);

/// <summary>A file in the registry. IsNew is false where the model had it already; it is the same version then.</summary>
public sealed record PublishedResponse(string Name, string Process, int Version, string Sha256, long SizeBytes, bool IsNew);

/// <summary>A card was added; Passed is the registry's own judgement of its figures.</summary>
public sealed record CardResponse(string Name, int Version, bool Passed, string CreatedBy, DateTime CreatedAt);

/// <summary>What an alias means since when, and who decided so.</summary>
/// <param name="Name">Name of the model.</param>
/// <param name="Alias">Name of the alias.</param>
/// <param name="Version">Number of the version.</param>
/// <param name="Sha256">Digest of its file.</param>
/// <param name="Revision">Number of moves in the alias's history up to this one.</param>
/// <param name="Since">When it was moved.</param>
/// <param name="Actor">Who moved it.</param>
/// <param name="Reason">Why.</param>
/// <param name="Grounds">For production: "card", "override" or "rollback".</param>
public sealed record AliasResponse(string Name, string Alias, int Version, string Sha256, int Revision, DateTime Since, string Actor, string Reason, string? Grounds);

/// <summary>Something that happened to a model.</summary>
/// <param name="At">When.</param>
/// <param name="What">"published", "card passed", "card failed", "moved", "removed", "retired" or "active".</param>
/// <param name="Version">Number of the version; for "removed" the one that the alias meant.</param>
/// <param name="Alias">The alias that was moved or removed.</param>
/// <param name="From">Number of the version that the alias meant before; null where it was new.</param>
/// <param name="Revision">Number of moves of the alias up to this one.</param>
/// <param name="Grounds">For production: "card", "override" or "rollback".</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Reason">Why, where one was given.</param>
public sealed record HistoryEntryResponse(
    DateTime At, string What, int? Version, string? Alias, int? From, int? Revision, string? Grounds, string Actor, string? Reason);

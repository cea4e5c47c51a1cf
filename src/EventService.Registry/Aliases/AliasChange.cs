namespace EventService.Registry.Aliases;

/// <summary>An alias is to be moved, made or removed.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Alias">Name of the alias.</param>
/// <param name="Version">Number of the version that it is to mean; null removes it.</param>
/// <param name="Actor">Who moves it, for the history.</param>
/// <param name="Reason">Why, for the history.</param>
/// <param name="ExpectedRevision">The revision that the actor has seen, 0 for an alias that was not there; null moves it whatever it
/// is.</param>
/// <param name="Override">Moves <c>production</c> to a version without a passing validation card; the history says so.</param>
public sealed record AliasChange(string Model, string Alias, int? Version, string Actor, string Reason, int? ExpectedRevision = null, bool Override = false);

/// <summary>An alias is to mean again what it meant before.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Alias">Name of the alias.</param>
/// <param name="Actor">Who moves it, for the history.</param>
/// <param name="Reason">Why, for the history.</param>
/// <param name="ExpectedRevision">The revision that the actor has seen; null moves it whatever it is.</param>
public sealed record AliasRollback(string Model, string Alias, string Actor, string Reason, int? ExpectedRevision = null);

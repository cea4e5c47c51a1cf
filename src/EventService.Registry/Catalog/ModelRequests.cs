namespace EventService.Registry.Catalog;

/// <summary>An alias is to be moved: to a version, or back to the one it meant before.</summary>
/// <param name="Reason">Why, for the history.</param>
/// <param name="Version">Number of the version; null for a rollback.</param>
/// <param name="Rollback">Moves it back instead.</param>
/// <param name="Revision">The alias's revision that was seen, 0 for a new alias: if it is another by now, nothing is moved. Null moves it
/// anyway.</param>
/// <param name="Override">Moves production to a version whose validation does not pass. The history records it; over HTTP it takes scope
/// admin.</param>
public sealed record MoveAliasRequest(string Reason, int? Version = null, bool Rollback = false, int? Revision = null, bool Override = false);

/// <summary>An alias is to be removed.</summary>
/// <param name="Reason">Why, for the history.</param>
/// <param name="Revision">The alias's revision that was seen; null removes it anyway.</param>
public sealed record RemoveAliasRequest(string Reason, int? Revision = null);

/// <summary>A version is to be retired or made active again.</summary>
/// <param name="State">"retired" or "active".</param>
/// <param name="Reason">Why, for the history.</param>
public sealed record SetStateRequest(string State, string Reason);

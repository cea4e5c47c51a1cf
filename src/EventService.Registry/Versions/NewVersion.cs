using EventService.Registry.Artifacts;
using EventService.Registry.Cards;
using EventService.Registry.Tables;

namespace EventService.Registry.Versions;

/// <summary>A model file to be registered.</summary>
/// <param name="Name">Name of the model.</param>
/// <param name="Process">Its physics process.</param>
/// <param name="Document">The model document (JSON) from the file's header.</param>
/// <param name="File">The file.</param>
/// <param name="Card">Its evaluation report, if there is one.</param>
/// <param name="Actor">Who registers it.</param>
/// <param name="Reason">Why, for the alias history.</param>
public sealed record NewVersion(string Name, string Process, string Document, SpooledFile File, NewCard? Card, string Actor, string Reason);

/// <summary>A version of the registry.</summary>
/// <param name="Version">The version, with its model.</param>
/// <param name="IsNew">Whether it was added just now; false where the model had a file with this digest already.</param>
public sealed record RegisteredVersion(ModelVersion Version, bool IsNew);

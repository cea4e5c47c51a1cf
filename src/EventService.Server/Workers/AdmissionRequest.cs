using EventService.Models;
using EventService.Server.Callers;
using EventService.Server.Keys;

namespace EventService.Server.Workers;

/// <summary>What the pool is told of a request that wants to be let in.</summary>
/// <param name="Caller">Who asks.</param>
/// <param name="Generator">The model that it uses.</param>
/// <param name="Events">How many events; null where nobody knows yet.</param>
/// <param name="IsJob">Nobody waits for it.</param>
internal sealed record AdmissionRequest(Caller Caller, EventGenerator Generator, long? Events, bool IsJob = false);

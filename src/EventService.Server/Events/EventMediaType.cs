using EventService.Physics.Formats;

namespace EventService.Server.Events;

/// <summary>A format of events as HTTP names it.</summary>
internal sealed record EventMediaType(string Format, string MediaType)
{
    /// <summary>The first is the answer to a client that takes anything.</summary>
    public static IReadOnlyList<EventMediaType> All { get; } =
    [
        new(JsonLinesWriter.FormatName, "application/x-ndjson"),
        new(DarkMachinesWriter.FormatName, "text/csv"),
        new(NpyWriter.FormatName, "application/x-npy"),
    ];
}

using System.Globalization;
using System.Text.Json;

using EventService.Generation.Requests;

namespace EventService.Registry.Jobs;

/// <summary>What a job is to do, as it is stored: with all that was open when it was asked for settled.</summary>
/// <param name="Parameters">As they were asked for, by name, with the format; no seed unless one was given.</param>
/// <param name="EventsPerPart">Events of each part but the last.</param>
/// <param name="Extension">The extension of the parts' names, with its dot.</param>
/// <param name="Receipt">That of the whole output: it pins the version of the model and the seed.</param>
public sealed record JobRequest(SortedDictionary<string, string> Parameters, long EventsPerPart, string Extension, Receipt Receipt)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>Number of parts.</summary>
    public int Parts => (int)(((Receipt.N - 1) / EventsPerPart) + 1);

    /// <summary>Name of a part's file.</summary>
    public string FileOf(int part) => string.Create(CultureInfo.InvariantCulture, $"part-{part:D6}{Extension}");

    /// <summary>Index of the first event of a part.</summary>
    public long FirstOf(int part) => Receipt.First + (part * EventsPerPart);

    /// <summary>Number of events of a part, before the cut.</summary>
    public long CountOf(int part) => Math.Min(EventsPerPart, Receipt.N - (part * EventsPerPart));

    /// <summary>Whether the other asks for the same.</summary>
    public bool AsksTheSame(JobRequest other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Parameters.SequenceEqual(other.Parameters);
    }

    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    public static JobRequest FromJson(string json) => JsonSerializer.Deserialize<JobRequest>(json, s_json)!;
}

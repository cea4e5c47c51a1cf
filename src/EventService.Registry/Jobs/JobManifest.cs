using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Generation.Requests;

namespace EventService.Registry.Jobs;

/// <summary>What stands in manifest.json, the last file of a job that is written.</summary>
/// <param name="Job">Number of the job.</param>
/// <param name="Receipt">That of the whole.</param>
/// <param name="Parts">The files, in the order of the events.</param>
public sealed record JobManifest(long Job, Receipt Receipt, IReadOnlyList<ManifestPart> Parts)
{
    /// <summary>Name of the file; a folder without it is not complete.</summary>
    public const string FileName = "manifest.json";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public string ToJson() => JsonSerializer.Serialize(this, s_json) + "\n";

    /// <exception cref="JsonException">The text cannot be read as one.</exception>
    public static JobManifest FromJson(string json) => JsonSerializer.Deserialize<JobManifest>(json, s_json) ?? throw new JsonException("null");
}

/// <summary>A file of a job.</summary>
/// <param name="File">Its name.</param>
/// <param name="First">Index of its first event.</param>
/// <param name="N">Number of its events, before the cut.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its digest, lower-case hexadecimal.</param>
public sealed record ManifestPart(string File, long First, long N, long Bytes, string Sha256);

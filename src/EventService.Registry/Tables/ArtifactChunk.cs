namespace EventService.Registry.Tables;

/// <summary>
/// Part of a model file. Small rows keep memory and locks small whatever the size of the file. Table <c>artifact_chunk</c>.
/// </summary>
public sealed class ArtifactChunk
{
    public const int MaximumBytes = 4 << 20;

    public required string Sha256 { get; init; }

    /// <summary>0, 1, 2, ...; all but the last are <see cref="MaximumBytes"/> long.</summary>
    public required int Ordinal { get; init; }

    public required byte[] Bytes { get; init; }
}

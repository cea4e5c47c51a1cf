namespace EventService.Registry.Tables;

/// <summary>An immutable version of a model: a file named by its digest. Table <c>model_version</c>.</summary>
public sealed class ModelVersion
{
    public const string Active = "active";

    /// <summary>Served to those who name its number, so that old receipts can be replayed; no alias may be moved to it.</summary>
    public const string Retired = "retired";

    public long Id { get; init; }

    public long ModelId { get; init; }

    public RegisteredModel Model { get; init; } = null!;

    /// <summary>1, 2, 3, ... within the model.</summary>
    public required int Number { get; init; }

    /// <summary>Digest of the file, lower-case hexadecimal; its bytes are the <see cref="ArtifactChunk"/>s of this digest.</summary>
    public required string Sha256 { get; init; }

    public required long SizeBytes { get; init; }

    /// <summary>The model document (JSON) as it stands in the file's header.</summary>
    public required string Document { get; init; }

    /// <summary><see cref="Active"/> or <see cref="Retired"/>; the one column that changes.</summary>
    public required string State { get; set; }

    public required string CreatedBy { get; init; }

    public required DateTime CreatedAt { get; init; }

    public List<ValidationCard> Cards { get; init; } = [];
}

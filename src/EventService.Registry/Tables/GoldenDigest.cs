namespace EventService.Registry.Tables;

/// <summary>Digest of the golden sample of a model file, as the first server that loaded it saw it. Table <c>golden_sample</c>.</summary>
public sealed class GoldenDigest
{
    /// <summary>sha256 of the model file.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Profile of the arithmetic.</summary>
    public required string Numerics { get; init; }

    /// <summary>As GoldenSample.Digest gives it.</summary>
    public required string Digest { get; init; }

    /// <summary>Version of the service that saw it.</summary>
    public required string ServiceVersion { get; init; }

    public required DateTime At { get; init; }
}

namespace EventService.Cli.Bench;

/// <summary>The outcome of one request of the load.</summary>
/// <param name="Client">Number of the client.</param>
/// <param name="Query">The query, so that it can be repeated.</param>
/// <param name="N">Events asked for.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Latency">From when it was due to the last byte.</param>
/// <param name="FirstByte">From when it was due to the head of the answer.</param>
/// <param name="Bytes">Bytes received.</param>
/// <param name="Events">Events among them.</param>
/// <param name="Sha256">Digest of these bytes.</param>
/// <param name="Error">The sentence, where it failed.</param>
internal sealed record LoadRequest(
    int Client, string Query, long N, LoadOutcome Outcome, TimeSpan Latency, TimeSpan FirstByte, long Bytes, double Events, string Sha256,
    string? Error);

internal enum LoadOutcome
{
    Complete,

    /// <summary>The time of the trial was over.</summary>
    Cut,

    /// <summary>429 or 503 with Retry-After.</summary>
    Shed,

    /// <summary>Anything else.</summary>
    Failed,
}

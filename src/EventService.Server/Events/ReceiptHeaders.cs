namespace EventService.Server.Events;

/// <summary>Headers that carry the receipt of an answer.</summary>
internal static class ReceiptHeaders
{
    public const string Receipt = "EventService-Receipt";
    public const string Seed = "EventService-Seed";
    public const string Model = "EventService-Model";
    public const string ModelVersion = "EventService-Model-Version";
    public const string ModelSha256 = "EventService-Model-Sha256";

    public static IReadOnlyDictionary<string, string> Docs { get; } = new Dictionary<string, string>
    {
        [Receipt] = "Compact JSON: model, version, sha256, seed, first, n, condition, numerics profile, service version, cross-section, acceptance; enough to make the same events again.",
        [Seed] = "The seed, drawn or given.",
        [Model] = "Name of the model.",
        [ModelVersion] = "Number of its version.",
        [ModelSha256] = "Digest of the model file.",
    };
}

namespace EventService.Models.Documents;

/// <summary>How a model was trained: enough to do it again.</summary>
public sealed record TrainingProvenance
{
    /// <summary>The command line, with the data file by name only.</summary>
    public required string Command { get; init; }
    public required string DataFile { get; init; }
    public required string DataSha256 { get; init; }
    public required long TrainingEvents { get; init; }
    public required long ValidationEvents { get; init; }
    public required long TestEvents { get; init; }
    public required ulong Seed { get; init; }
    public required int Epochs { get; init; }
    public required int BestEpoch { get; init; }

    /// <summary>Mean negative log-likelihood per event [nat], training and validation, at the best epoch.</summary>
    public required double TrainingLoss { get; init; }
    public required double ValidationLoss { get; init; }
    public required string ServiceVersion { get; init; }
}

using EventService.Models.Documents;

namespace EventService.Models.Tests;

/// <summary>The provenance of models that nothing was trained for.</summary>
internal static class TestProvenance
{
    public static TrainingProvenance None { get; } = new()
    {
        Command = "",
        DataFile = "",
        DataSha256 = "",
        TrainingEvents = 0,
        ValidationEvents = 0,
        TestEvents = 0,
        Seed = 0,
        Epochs = 0,
        BestEpoch = 0,
        TrainingLoss = 0,
        ValidationLoss = 0,
        ServiceVersion = "",
    };
}

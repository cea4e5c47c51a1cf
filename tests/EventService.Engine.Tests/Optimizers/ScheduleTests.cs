using System.Text.Json;

using EventService.Engine.Optimizers;

namespace EventService.Engine.Tests.Optimizers;

/// <summary>Reference: PyTorch 1.13, TestData/Optimizers/optimizer_reference.json.</summary>
public sealed class ScheduleTests
{
    private static readonly JsonElement s_schedules =
        JsonDocument.Parse(File.ReadAllText(TestFiles.Path("Optimizers", "optimizer_reference.json"))).RootElement.GetProperty("schedules");

    private static readonly Dictionary<string, ILearningRateSchedule> s_ours = new()
    {
        ["restarts"] = new CosineWarmRestarts(0.3, 5, 2, 0.01),
        ["restarts of equal length"] = new CosineWarmRestarts(0.3, 7),
        ["cosine"] = new CosineDecay(0.3, 20, 0.02),
        ["warm-up"] = new LinearWarmUp(8, new CosineWarmRestarts(0.3, 1)), // constant: every period is its first step
    };

    [Theory]
    [InlineData("restarts")]
    [InlineData("restarts of equal length")]
    [InlineData("cosine")]
    [InlineData("warm-up")]
    public void At_EveryStep_AgreesWithPyTorch(string name)
    {
        var step = 0;
        foreach (var expected in s_schedules.GetProperty(name).EnumerateArray())
        {
            Assert.Equal(expected.GetDouble(), s_ours[name].At(step++), 1e-12);
        }
    }

    [Fact]
    public void LinearWarmUp_ThenCosine_ReachesThePeakOnceAndTheLowestAtTheEnd()
    {
        var schedule = new LinearWarmUp(10, new CosineDecay(1, 90));

        Assert.Equal(0.1, schedule.At(0));
        Assert.Equal(1, schedule.At(9));
        Assert.Equal(1, schedule.At(10));
        Assert.Equal(0.5, schedule.At(55), 1e-12);
        Assert.Equal(0, schedule.At(100));
        Assert.Equal(0, schedule.At(100_000));
    }

    [Fact]
    public void CosineWarmRestarts_PeriodOfNoSteps_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CosineWarmRestarts(1, 0));
}

using EventService.Training;

namespace EventService.Training.Tests;

public sealed class RunFingerprintTests
{
    [Theory]
    [InlineData("""{"columns":[{"name":"x","unit":"GeV"}],"select":[]}""", """{"columns":[{"name":"x","unit":"GeV"}],"points":[],"teacher":null,"whole":false}""")]
    [InlineData("sha256 12ab", "sha256 12ab")]
    [InlineData("1234", "1234")]
    public void Differences_OfEqualRuns_AreNone(string checkpoint, string run) => Assert.Empty(Differences(checkpoint, run));

    [Theory]
    [InlineData("""{"columns":[{"name":"x","unit":"GeV"}]}""", """{"columns":[{"name":"x","unit":"MeV"}]}""", "data.columns[0].unit (found GeV, expected MeV)")]
    [InlineData("""{"epochs":3}""", """{"epochs":3,"seed":2}""", "data.seed (found none, expected 2)")]
    [InlineData("""{"epochs":3}""", """{"epochs":[3]}""", "data.epochs (found 3, expected [3])")]
    [InlineData("""{"mirror":["a"]}""", """{"mirror":["a","b"]}""", """data.mirror (found ["a"], expected ["a","b"])""")]
    [InlineData("100, sha256 12ab", "100, sha256 12ac", "data (found 100, sha256 12ab, expected 100, sha256 12ac)")]
    [InlineData(null, "12", "data (found none, expected 12)")]
    public void Differences_NameTheField(string? checkpoint, string run, string difference) => Assert.Equal([difference], Differences(checkpoint, run));

    private static IReadOnlyList<string> Differences(string? checkpoint, string run) => RunFingerprint.Differences(
        checkpoint is null ? new Dictionary<string, string> { ["step"] = "1" } : new Dictionary<string, string> { ["run/data"] = checkpoint, ["step"] = "1" },
        new Dictionary<string, string> { ["run/data"] = run });
}

using EventService.Models.Documents;

namespace EventService.Models.Tests.Contract;

public sealed class ArchitectureDocsTests
{
    [Fact]
    public void TableOfArchitectures_IsTheList()
    {
        var page = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "adding-an-architecture.md"));
        Assert.Equal(
            ModelArchitectures.All.Select(a =>
                $"| `{a.Name}` | {a.Summary} | {Said(a, ModelCapabilities.Density)} | {Said(a, ModelCapabilities.Conditions)} |"),
            page.Where(line => line.StartsWith("| `", StringComparison.Ordinal)));
    }

    private static string Said(ModelArchitecture architecture, ModelCapabilities capability) => architecture.Has(capability) ? "yes" : "no";
}

namespace EventService.Physics.Tests;

/// <summary>Where the tests find their files.</summary>
internal static class Repository
{
    private static readonly string Root = FindRoot();

    public static string TestData(string name) => Path.Combine(Root, "tests", "TestData", name);

    /// <summary>A file of the samples beside the repository, or null where they are not.</summary>
    public static string? Sample(string name)
    {
        var path = Path.Combine(Root, "..", "shared", "data", "events", name);
        return File.Exists(path) ? path : null;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EventService.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No EventService.sln in or above {AppContext.BaseDirectory}.");
    }
}

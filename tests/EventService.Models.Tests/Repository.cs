namespace EventService.Models.Tests;

/// <summary>Where the tests find their files.</summary>
internal static class Repository
{
    public static string TestData(string name) => Path.Combine(Root, "tests", "TestData", name);

    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

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

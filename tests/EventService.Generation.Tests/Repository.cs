namespace EventService.Generation.Tests;

/// <summary>Where the tests find their files.</summary>
internal static class Repository
{
    public static string TestData(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EventService.sln")))
            {
                return Path.Combine(folder.FullName, "tests", "TestData", name);
            }
        }

        throw new InvalidOperationException($"No EventService.sln in or above {AppContext.BaseDirectory}.");
    }
}

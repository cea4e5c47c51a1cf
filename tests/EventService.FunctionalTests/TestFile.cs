namespace EventService.FunctionalTests;

/// <summary>Files of the folder tests/TestData.</summary>
internal static class TestFile
{
    public static string Path(params string[] parts)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "EventService.sln")))
            {
                return System.IO.Path.Combine([folder.FullName, "tests", "TestData", .. parts]);
            }
        }

        throw new InvalidOperationException($"No EventService.sln in or above {AppContext.BaseDirectory}.");
    }
}

using System.Diagnostics;
using System.Text.Json;

namespace EventService.FunctionalTests.Logging;

/// <summary>A log file of one JSON object a line, as the setting LogFile makes it, read while it is written.</summary>
internal sealed class LogLines : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-log-").FullName;

    /// <summary>The setting that writes it.</summary>
    public (string Name, string Value) Setting => ("LogFile", Path.Combine(_folder, "log.json"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Everything, as it stands in the files.</summary>
    public string Text()
    {
        return string.Concat(Directory.GetFiles(_folder).Order(StringComparer.Ordinal).Select(Read));

        static string Read(string path)
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        }
    }

    public IReadOnlyList<JsonElement> All() =>
        [.. Text().Split('\n').SkipLast(1).Select(line => JsonElement.Parse(line))];

    /// <summary>
    /// Lines of warnings and errors, and those with exceptions; not that of the file that is broken in every folder of the tests' models.
    /// </summary>
    public IEnumerable<JsonElement> Loud() => All().Where(l =>
        (l.GetProperty("Level").GetString() is "Warning" or "Error" or "Fatal" || l.TryGetProperty("Exception", out _))
        && !(l.GetProperty("Properties").TryGetProperty("EventId", out var id) && id.GetProperty("Id").GetInt32() == 1001));

    /// <summary>The line of the only request to a path, once it is there: it follows upon the answer.</summary>
    public async Task<JsonElement> OfRequestAsync(string path)
    {
        for (var start = Stopwatch.GetTimestamp(); ; await Task.Delay(20))
        {
            // Other lines that are written in its course carry its path too.
            var lines = All().Where(l => l.GetProperty("Properties") is var properties
                && properties.TryGetProperty("Outcome", out _) && properties.GetProperty("RequestPath").GetString() == path).ToList();
            if (lines.Count > 0)
            {
                return Assert.Single(lines);
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), $"No line of {path} in:\n{Text()}");
        }
    }
}

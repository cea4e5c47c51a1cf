using System.Globalization;
using System.Text.Json;

namespace EventService.Cli;

/// <summary>Writes what a command found: as JSON, or as a table of plain text that other programs can cut.</summary>
internal sealed class ResultWriter(TextWriter output, bool json)
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes a result in one form or the other.</summary>
    /// <param name="result">The value to write as JSON.</param>
    /// <param name="text">Writes it as text.</param>
    public async Task WriteAsync<T>(T result, Func<Task> text)
    {
        if (json)
        {
            await output.WriteLineAsync(JsonSerializer.Serialize(result, s_json));
        }
        else
        {
            await text();
        }
    }

    public Task LineAsync(string text) => output.WriteLineAsync(text);

    /// <summary>Columns as wide as their widest entry, two spaces between; "-" where there is nothing.</summary>
    public async Task TableAsync(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<object?>> rows)
    {
        var lines = new List<string[]> { header.ToArray() };
        lines.AddRange(rows.Select(row => row.Select(Text).ToArray()));
        var widths = header.Select((_, column) => lines.Max(line => line[column].Length)).ToArray();
        foreach (var line in lines)
        {
            await output.WriteLineAsync(string.Join("  ", line.Select((entry, column) => entry.PadRight(widths[column]))).TrimEnd());
        }
    }

    /// <summary>One line for each name and value.</summary>
    public Task ListAsync(params (string Name, object? Value)[] entries) =>
        TableAsync([entries[0].Name, Text(entries[0].Value)], entries.Skip(1).Select(e => new object?[] { e.Name, e.Value }));

    private static string Text(object? value) => value switch
    {
        null or "" => "-",
        DateTime time => time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture) + "Z",
        bool b => b ? "yes" : "no",
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        // A line of the table stays one line.
        _ => value.ToString()!.ReplaceLineEndings(" "),
    };
}

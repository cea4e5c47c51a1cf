using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>Everything that a writer must know before the first event.</summary>
public sealed record EventWriterOptions(SampleSchema Schema)
{
    /// <summary>Name of the process, for formats that hold it.</summary>
    public string ProcessName { get; init; } = "";

    /// <summary>Number of events, null if a cut leaves it open.</summary>
    public long? Count { get; init; }

    /// <summary>Columns to write, as <see cref="SampleSchema.Select"/> takes them; null for all.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>Whether each event comes with its log-density.</summary>
    public bool LogDensity { get; init; }
}

/// <summary>The formats by name, as <c>format=</c> takes them.</summary>
public static class EventFormats
{
    public static IReadOnlyList<string> Names { get; } = [JsonLinesWriter.FormatName, DarkMachinesWriter.FormatName, NpyWriter.FormatName];

    /// <exception cref="ArgumentException">The format or a column is unknown; the message lists the known ones.</exception>
    /// <exception cref="NotSupportedException">The format cannot hold what the options ask for; the message says what to do.</exception>
    public static IEventWriter CreateWriter(string format, EventWriterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return format switch
        {
            JsonLinesWriter.FormatName => new JsonLinesWriter(options.Schema, options.Columns, options.LogDensity),
            NpyWriter.FormatName => new NpyWriter(options.Schema, options.Count, options.Columns, options.LogDensity),
            DarkMachinesWriter.FormatName when options.Columns is not null => throw new NotSupportedException(
                $"'{format}' always holds whole events. Leave the columns out, or ask for '{JsonLinesWriter.FormatName}' or "
                    + $"'{NpyWriter.FormatName}'."),
            DarkMachinesWriter.FormatName when options.LogDensity => throw new NotSupportedException(
                $"'{format}' has no place for the log-density. Ask for '{JsonLinesWriter.FormatName}' or '{NpyWriter.FormatName}'."),
            DarkMachinesWriter.FormatName => new DarkMachinesWriter(options.Schema, options.ProcessName),
            _ => throw Unknown(format),
        };
    }

    /// <summary>A reader of whole events. The stream is disposed with it.</summary>
    /// <exception cref="ArgumentException">The format is unknown; the message lists the known ones.</exception>
    public static EventReader OpenReader(string format, Stream stream, string fileName) => format switch
    {
        JsonLinesWriter.FormatName => new JsonLinesReader(stream, fileName),
        NpyWriter.FormatName => new NpyReader(stream, fileName),
        DarkMachinesWriter.FormatName => new DarkMachinesReader(stream, fileName),
        _ => throw Unknown(format),
    };

    /// <summary>The format that a file's name tells, with or without .gz; null if it tells none.</summary>
    public static string? FromFileName(string fileName)
    {
        ArgumentNullException.ThrowIfNull(fileName);
        var name = fileName.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? fileName[..^3] : fileName;
        return Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".JSONL" or ".NDJSON" => JsonLinesWriter.FormatName,
            ".NPY" => NpyWriter.FormatName,
            ".CSV" => DarkMachinesWriter.FormatName,
            _ => null,
        };
    }

    internal static ArgumentException Unknown(string format) =>
        new($"Format '{format}' not found. Known: {string.Join(", ", Names)}.", nameof(format));
}

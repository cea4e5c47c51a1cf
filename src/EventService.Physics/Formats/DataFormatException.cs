namespace EventService.Physics.Formats;

/// <summary>
/// Events in a file or stream could not be read; the message names the file, the place, what was found and what was expected.
/// </summary>
public sealed class DataFormatException : Exception
{
    /// <param name="fileName">Name of the file as the user knows it.</param>
    /// <param name="line">Line, counted from 1; 0 where the fault has none.</param>
    /// <param name="column">Byte within the line, counted from 1; 0 where the fault has none.</param>
    /// <param name="fault">What was found and expected: a sentence without the place.</param>
    /// <param name="inner">The cause, if another exception reported it.</param>
    public DataFormatException(string fileName, long line, long column, string fault, Exception? inner = null)
        : this($"{fileName}{(line > 0 ? $", line {line}" : "")}{(column > 0 ? $", column {column}" : "")}: {fault}", inner)
    {
        FileName = fileName;
        Line = line;
        Column = column;
    }

    /// <summary>A fault in a record of a binary format, counted from 1.</summary>
    internal static DataFormatException AtRecord(string fileName, long record, string fault) =>
        new($"{fileName}, record {record}: {fault}", null) { FileName = fileName, Line = record };

    private DataFormatException(string message, Exception? inner)
        : base(message, inner)
    {
    }

    public string FileName { get; private init; } = "";

    /// <summary>Line of a text, record of a binary format, from 1; 0 where the fault has no place.</summary>
    public long Line { get; private init; }

    /// <summary>Byte within the line, from 1; 0 where the fault has none.</summary>
    public long Column { get; }
}

namespace EventService.Server.Logging.Escaping;

/// <summary>
/// An exception as it may stand in a log: the messages in it, which may repeat what a client sent, are escaped; its lines stay lines.
/// </summary>
internal sealed class EscapedException : Exception
{
    private readonly string _text;

    private EscapedException(Exception original, string text)
        : base(ControlCharacters.Escape(original.Message)) => _text = text;

    /// <summary>The exception itself where none of its messages holds a control character.</summary>
    public static Exception Of(Exception exception)
    {
        var text = exception.ToString();
        foreach (var message in Messages(exception).Where(ControlCharacters.In).OrderByDescending(m => m.Length))
        {
            text = text.Replace(message, ControlCharacters.Escape(message), StringComparison.Ordinal);
        }

        // Whatever else is written there, by an exception's own ToString.
        text = string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(ControlCharacters.Escape));
        return text == exception.ToString() ? exception : new EscapedException(exception, text);
    }

    public override string ToString() => _text;

    private static IEnumerable<string> Messages(Exception exception) =>
        exception is AggregateException aggregate
            ? [exception.Message, .. aggregate.InnerExceptions.SelectMany(Messages)]
            : exception.InnerException is { } inner ? [exception.Message, .. Messages(inner)] : [exception.Message];
}

using Serilog.Core;
using Serilog.Events;
using Serilog.Parsing;

namespace EventService.Server.Logging.Escaping;

/// <summary>
/// Passes log events on with the control characters in their properties, messages and exceptions escaped: whichever sinks and templates
/// the settings name, what a client sent cannot move the cursor of a terminal or write lines of its own.
/// </summary>
/// <param name="sinks">Where they go.</param>
internal sealed class EscapingSink(Logger sinks) : ILogEventSink, IDisposable
{
    private static readonly MessageTemplateParser s_parser = new();

    public void Emit(LogEvent logEvent)
    {
        var exception = logEvent.Exception is { } e ? EscapedException.Of(e) : null;
        var template = ControlCharacters.In(logEvent.MessageTemplate.Text)
            ? s_parser.Parse(ControlCharacters.Escape(logEvent.MessageTemplate.Text))
            : logEvent.MessageTemplate;
        sinks.Write(new LogEvent(
            logEvent.Timestamp,
            logEvent.Level,
            exception,
            template,
            logEvent.Properties.Select(p => new LogEventProperty(ControlCharacters.Escape(p.Key), Escaped(p.Value))),
            logEvent.TraceId ?? default,
            logEvent.SpanId ?? default));
    }

    public void Dispose() => sinks.Dispose();

    private static LogEventPropertyValue Escaped(LogEventPropertyValue value) => value switch
    {
        ScalarValue { Value: var scalar } =>
            scalar?.ToString() is { } text && ControlCharacters.In(text) ? new ScalarValue(ControlCharacters.Escape(text)) : value,
        SequenceValue sequence => new SequenceValue(sequence.Elements.Select(Escaped)),
        StructureValue structure => new StructureValue(
            structure.Properties.Select(p => new LogEventProperty(ControlCharacters.Escape(p.Name), Escaped(p.Value))), structure.TypeTag),
        DictionaryValue dictionary => new DictionaryValue(
            dictionary.Elements.Select(e => KeyValuePair.Create((ScalarValue)Escaped(e.Key), Escaped(e.Value)))),
        _ => value,
    };
}

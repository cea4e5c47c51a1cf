using EventService.Server.Logging;
using EventService.Server.Logging.Escaping;

using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace EventService.FunctionalTests.Logging;

/// <summary>Escape sequences are those of ECMA-48; what is expected is written out.</summary>
public sealed class EscapingSinkTests
{
    private sealed class Collected : ILogEventSink
    {
        public List<LogEvent> Events { get; } = [];

        public void Emit(LogEvent logEvent) => Events.Add(logEvent);
    }

    [Theory]
    [InlineData("plain \u00fc \U0001F600", "plain \u00fc \U0001F600")]
    [InlineData("\u001b[31mred", @"\u001b[31mred")]
    [InlineData("a\r\nb\tc\0", @"a\r\nb\tc\u0000")]
    [InlineData("\u009b31m\u007f", @"\u009b31m\u007f")]
    [InlineData("\u2028\u2029\u0085", @"\u2028\u2029\u0085")]
    [InlineData("abc\u202egpj.exe", @"abc\u202egpj.exe")]
    [InlineData("", "")]
    public void Escape_Text_ShowsWhatATerminalWouldObey(string text, string expected)
    {
        Assert.Equal(expected, ControlCharacters.Escape(text));
        Assert.Equal(text != expected, ControlCharacters.In(text));
    }

    [Fact]
    public void Escape_HalfOfAPair_IsShown()
    {
        // The second pair is whole.
        Assert.Equal("x\\ud83d", ControlCharacters.Escape("x" + '\ud83d'));
        Assert.Equal("\\ude00\U0001F600y", ControlCharacters.Escape('\ude00' + "\U0001F600y"));
    }

    [Fact]
    public void Event_ControlCharactersAnywhere_AreEscapedInAllThatSinksSee()
    {
        var written = Write(log => log.Information(
            "log\u001b {Text} {@Nested} {List} {Map} {Char} {Uri} {Number:F1}",
            "a\nb",
            new { Inner = "\u001b]0;t\a", Number = 1 },
            new[] { "\r" },
            new Dictionary<string, string> { ["k\n"] = "v\u001b" },
            '\u001b',
            new Uri("http://host/%E2%80%AE"),
            2.5));
        var rendered = written.RenderMessage();
        Assert.DoesNotContain(rendered, c => char.IsControl(c) || c == '\u202e');
        const string expected =
            """log\u001b "a\nb" { Inner: "\u001b]0;t\u0007", Number: 1 } ["\r"] [("k\n": "v\u001b")] "\u001b" "http://host/\u202e" 2.5""";
        Assert.Equal(expected, rendered);
    }

    [Fact]
    public void Event_WithoutControlCharacters_KeepsItsValues()
    {
        var written = Write(log => log.Warning("{Count} of {Name} at {Time}", 3, "alice", DateTimeOffset.UnixEpoch));
        Assert.Equal((LogEventLevel.Warning, "{Count} of {Name} at {Time}"), (written.Level, written.MessageTemplate.Text));
        var values = new[] { "Count", "Name", "Time" }.Select(n => ((ScalarValue)written.Properties[n]).Value);
        Assert.Equal([3, "alice", DateTimeOffset.UnixEpoch], values);
    }

    [Fact]
    public void Exception_WhoseMessagesRepeatInput_KeepsItsLinesAndNothingElse()
    {
        Exception thrown;
        try
        {
            try
            {
                throw new FormatException("inner '\n12:00 ERR forged\u001b[2J'");
            }
            catch (FormatException e)
            {
                throw new AggregateException("outer \u001b[31m", e, new InvalidOperationException("second\r"));
            }
        }
        catch (AggregateException e)
        {
            thrown = e;
        }

        var text = Write(log => log.Error(thrown, "failed")).Exception!.ToString();
        Assert.DoesNotContain(text, c => char.IsControl(c) && c != '\n');
        Assert.Contains(@"inner '\n12:00 ERR forged\u001b[2J'", text, StringComparison.Ordinal);
        Assert.Contains(@"outer \u001b[31m", text, StringComparison.Ordinal);
        Assert.Contains(@"second\r", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text.Split('\n'), line => line.StartsWith("12:00", StringComparison.Ordinal));
        var place = $"   at {typeof(EscapingSinkTests).FullName}.";
        Assert.Contains(text.Split('\n'), line => line.StartsWith(place, StringComparison.Ordinal));
    }

    [Fact]
    public void Exception_WithoutControlCharacters_IsItself()
    {
        var exception = new InvalidOperationException("plain");
        Assert.Same(exception, Write(log => log.Error(exception, "failed")).Exception);
    }

    private static LogEvent Write(Action<ILogger> write)
    {
        var sink = new Collected();
        var sinks = new LoggerConfiguration().MinimumLevel.Verbose().WriteTo.Sink(sink).CreateLogger();
        using (var log = new LoggerConfiguration().WriteTo.Sink(new EscapingSink(sinks)).CreateLogger())
        {
            write(log);
        }

        return Assert.Single(sink.Events);
    }
}

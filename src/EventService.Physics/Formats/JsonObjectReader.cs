using System.Text.Json;
using System.Text.Unicode;

using EventService.Physics.Events;

namespace EventService.Physics.Formats;

/// <summary>Reads events that stand as one JSON object a line: lines, their encoding, and where in them a fault lies.</summary>
public abstract class JsonObjectReader : EventReader
{
    private const int MaximumDepth = 16;

    private protected JsonObjectReader(Stream stream, string name)
        : base(stream, name)
    {
    }

    private protected override bool TryReadEvent(EventSample sample)
    {
        if (!Source.TryReadLine(out var line))
        {
            return false;
        }

        if (!Utf8.IsValid(line))
        {
            var broken = Quotation.FirstBrokenUtf8(line);
            throw Fault(broken, $"byte 0x{line[broken]:x2} is not UTF-8 text.");
        }

        try
        {
            var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = MaximumDepth });
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Fault(reader.TokenStartIndex, $"found {Quotation.Of(reader.ValueSpan)}, expected a JSON object.");
            }

            ReadEvent(ref reader, sample);
        }
        catch (JsonException e)
        {
            var reason = e.Message.Split(" LineNumber:")[0];
            throw new DataFormatException(
                Source.Name, Source.Line, (e.BytePositionInLine ?? 0) + 1, $"the line is not one JSON object. {reason}", e);
        }

        return true;
    }

    /// <summary>Appends the event of a line to the sample.</summary>
    /// <param name="reader">Positioned at the start of the object; to be read beyond its end, so that anything behind it is found.</param>
    /// <param name="sample">Receives the event; not touched where the line has a fault.</param>
    private protected abstract void ReadEvent(ref Utf8JsonReader reader, EventSample sample);

    private protected DataFormatException Fault(long at, string fault) => new(Source.Name, Source.Line, at + 1, fault);
}

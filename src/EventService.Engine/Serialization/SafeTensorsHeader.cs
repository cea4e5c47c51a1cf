using System.Text.Json;
using System.Text.Unicode;

namespace EventService.Engine.Serialization;

/// <summary>One tensor as the header gives it, its size already checked against its shape.</summary>
internal sealed record SafeTensorsEntry(string Name, SafeTensorType Type, IReadOnlyList<long> Shape, long Begin, long End);

/// <summary>The JSON header, read token by token: a document model would hide duplicate names.</summary>
internal sealed class SafeTensorsHeader
{
    private const string MetadataName = "__metadata__";

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    public List<SafeTensorsEntry> Entries { get; } = [];

    public static SafeTensorsHeader Parse(ReadOnlySpan<byte> json)
    {
        if (json.Length == 0 || json[0] != '{')
        {
            throw new SafeTensorsException(
                $"The header begins with {(json.Length == 0 ? "nothing" : $"byte 0x{json[0]:X2}")}, expected '{{'. "
                    + "Is this a safetensors file?");
        }

        if (!Utf8.IsValid(json))
        {
            throw new SafeTensorsException("The header is not valid UTF-8.");
        }

        try
        {
            var header = new SafeTensorsHeader();
            var reader = new Utf8JsonReader(json);
            header.ReadTensors(ref reader);
            return header;
        }
        catch (JsonException e)
        {
            throw new SafeTensorsException($"The header is not valid JSON: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // The reader's answer to half a surrogate pair in a \u escape.
            throw new SafeTensorsException($"The header holds a string that is not Unicode text: {e.Message}", e);
        }
    }

    private void ReadTensors(ref Utf8JsonReader reader)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        reader.Read();
        while (ReadName(ref reader) is { } name)
        {
            if (!names.Add(name))
            {
                throw new SafeTensorsException($"The header names '{name}' twice.");
            }

            reader.Read();
            if (name == MetadataName)
            {
                ReadMetadata(ref reader);
            }
            else
            {
                Entries.Add(ReadEntry(ref reader, name));
            }
        }

        // Padding is white space; anything else after the object throws here.
        reader.Read();
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType, JsonTokenType.StartObject, MetadataName, "an object of strings");
        while (ReadName(ref reader) is { } key)
        {
            reader.Read();
            Expect(reader.TokenType, JsonTokenType.String, $"{MetadataName} '{key}'", "a string");
            if (!Metadata.TryAdd(key, reader.GetString()!))
            {
                throw new SafeTensorsException($"{MetadataName} names '{key}' twice.");
            }
        }
    }

    private static SafeTensorsEntry ReadEntry(ref Utf8JsonReader reader, string name)
    {
        var where = $"Tensor '{name}'";
        Expect(reader.TokenType, JsonTokenType.StartObject, where, "an object with dtype, shape and data_offsets");
        string? dtype = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (ReadName(ref reader) is { } field)
        {
            reader.Read();
            var twice = field switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => throw new SafeTensorsException($"{where}: found field '{field}', expected dtype, shape and data_offsets."),
            };
            if (twice)
            {
                throw new SafeTensorsException($"{where} gives {field} twice.");
            }

            switch (field)
            {
                case "dtype":
                    Expect(reader.TokenType, JsonTokenType.String, $"{where}: dtype", "a string");
                    dtype = reader.GetString()!;
                    break;
                case "shape":
                    shape = ReadSizes(ref reader, $"{where}: shape");
                    break;
                default:
                    offsets = ReadSizes(ref reader, $"{where}: data_offsets");
                    break;
            }
        }

        if (dtype is null || shape is null || offsets is null)
        {
            throw new SafeTensorsException($"{where} has no {(dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets")}.");
        }

        if (!SafeTensorTypes.TryParse(dtype, out var type))
        {
            throw new SafeTensorsException($"{where}: dtype '{dtype}' is not known, expected one of {SafeTensorTypes.Names}.");
        }

        if (offsets.Count != 2 || offsets[0] > offsets[1])
        {
            throw new SafeTensorsException(
                $"{where}: data_offsets are [{string.Join(", ", offsets)}], expected [begin, end] with begin <= end.");
        }

        var size = SizeInBytes(type, shape);
        if (size != offsets[1] - offsets[0])
        {
            throw new SafeTensorsException(
                $"{where}: shape [{string.Join(", ", shape)}] of {type} takes {(size is null ? "more than 2^63" : size)} bytes, "
                    + $"data_offsets [{offsets[0]}, {offsets[1]}] hold {offsets[1] - offsets[0]}.");
        }

        return new SafeTensorsEntry(name, type, shape, offsets[0], offsets[1]);
    }

    /// <summary>Null where the product leaves 64 bits. An empty dimension makes the tensor empty whatever the others are.</summary>
    private static long? SizeInBytes(SafeTensorType type, List<long> shape)
    {
        if (shape.Contains(0))
        {
            return 0;
        }

        Int128 size = type.SizeInBytes();
        foreach (var dimension in shape)
        {
            size *= dimension;
            if (size > long.MaxValue)
            {
                return null;
            }
        }

        return (long)size;
    }

    private static List<long> ReadSizes(ref Utf8JsonReader reader, string where)
    {
        Expect(reader.TokenType, JsonTokenType.StartArray, where, "an array of whole numbers");
        var sizes = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(reader.TokenType, JsonTokenType.Number, where, "whole numbers");
            if (!reader.TryGetInt64(out var size) || size < 0)
            {
                throw new SafeTensorsException($"{where} holds {Text(ref reader)}, expected whole numbers from 0 to 2^63 - 1.");
            }

            sizes.Add(size);
        }

        return sizes;
    }

    /// <summary>The next property's name, or null at the end of the object.</summary>
    private static string? ReadName(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType == JsonTokenType.EndObject ? null : reader.GetString();
    }

    private static string Text(ref Utf8JsonReader reader) => System.Text.Encoding.UTF8.GetString(reader.ValueSpan);

    private static void Expect(JsonTokenType found, JsonTokenType expected, string where, string what)
    {
        if (found != expected)
        {
            throw new SafeTensorsException($"{where}: found JSON {found}, expected {what}.");
        }
    }
}

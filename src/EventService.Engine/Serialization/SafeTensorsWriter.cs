using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EventService.Engine.Serialization;

/// <summary>
/// Writes safetensors. The same tensors and metadata give the same bytes: names are sorted by code unit, the header is
/// padded with spaces so that the data begin on a multiple of eight bytes.
/// </summary>
public static class SafeTensorsWriter
{
    /// <exception cref="SafeTensorsException">Two tensors share a name, or a tensor's bytes do not fit its shape.</exception>
    public static void Write(Stream stream, IReadOnlyDictionary<string, string> metadata, IEnumerable<SafeTensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(metadata);
        var sorted = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        Check(sorted);

        var header = new ArrayBufferWriter<byte>();
        WriteHeader(header, metadata, sorted);
        var padding = -header.WrittenCount & 7;
        header.GetSpan(padding)[..padding].Fill((byte)' ');
        header.Advance(padding);
        if (header.WrittenCount > SafeTensorsFile.MaximumHeaderBytes)
        {
            throw new SafeTensorsException(
                $"The header takes {header.WrittenCount} bytes, expected at most {SafeTensorsFile.MaximumHeaderBytes}.");
        }

        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.WrittenCount);
        stream.Write(length);
        stream.Write(header.WrittenSpan);
        foreach (var tensor in sorted)
        {
            stream.Write(tensor.Data.Span);
        }
    }

    private static void WriteHeader(ArrayBufferWriter<byte> header, IReadOnlyDictionary<string, string> metadata, SafeTensor[] tensors)
    {
        // Relaxed: the metadata hold JSON themselves, whose quotes stay readable as \" instead of \u0022.
        using var json = new Utf8JsonWriter(header, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        if (metadata.Count > 0)
        {
            json.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        var offset = 0L;
        foreach (var tensor in tensors)
        {
            json.WriteStartObject(tensor.Name);
            json.WriteString("dtype", tensor.Type.ToString());
            json.WriteStartArray("shape");
            foreach (var dimension in tensor.Shape)
            {
                json.WriteNumberValue(dimension);
            }

            json.WriteEndArray();
            json.WriteStartArray("data_offsets");
            json.WriteNumberValue(offset);
            json.WriteNumberValue(offset += tensor.Data.Length);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Check(SafeTensor[] sorted)
    {
        for (var i = 0; i < sorted.Length; i++)
        {
            var tensor = sorted[i];
            if (i > 0 && sorted[i - 1].Name == tensor.Name)
            {
                throw new SafeTensorsException($"Two tensors are named '{tensor.Name}'.");
            }

            var expected = tensor.Shape.Aggregate((Int128)tensor.Type.SizeInBytes(), (size, dimension) => size * dimension);
            if (expected != tensor.Data.Length || tensor.Shape.Any(d => d < 0))
            {
                throw new SafeTensorsException(
                    $"Tensor '{tensor.Name}': shape {tensor.ShapeText} of {tensor.Type} takes {expected} bytes, "
                        + $"found {tensor.Data.Length}.");
            }
        }
    }
}

using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace EventService.Engine.Serialization;

/// <summary>
/// A safetensors file, checked whole: eight bytes with the header's length (little-endian), a JSON header, then the
/// tensors' bytes without holes or overlaps. Data only; nothing in the file is ever executed.
/// </summary>
/// <remarks>Format: huggingface/safetensors, README "Format". Stricter than required: names of fields and duplicates are checked.</remarks>
public sealed class SafeTensorsFile
{
    /// <summary>Longest header read; the limit of the reference implementation.</summary>
    public const int MaximumHeaderBytes = 100_000_000;

    private const int LengthBytes = 8;

    private readonly Dictionary<string, SafeTensor> _byName;
    private readonly string _prefix;
    private readonly HashSet<string> _asked; // by their names in the whole file

    private SafeTensorsFile(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<SafeTensor> tensors, string prefix, HashSet<string> asked)
    {
        Metadata = metadata;
        Tensors = tensors;
        _byName = tensors.ToDictionary(t => t.Name, StringComparer.Ordinal);
        (_prefix, _asked) = (prefix, asked);
    }

    /// <summary>The header's <c>__metadata__</c>; empty if the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafeTensor> Tensors { get; }

    /// <summary>Names of the tensors that nobody has asked for by name: what a reader has left over.</summary>
    public IEnumerable<string> NeverAsked => Tensors.Select(t => t.Name).Where(name => !_asked.Contains(_prefix + name));

    /// <summary>The tensor of this name.</summary>
    /// <exception cref="SafeTensorsException">No tensor has this name; the message lists the names.</exception>
    public SafeTensor this[string name] => TryGet(name, out var tensor)
        ? tensor
        : throw new SafeTensorsException(
            $"Tensor '{name}' not found among {Tensors.Count} tensors: "
                + $"{string.Join(", ", Tensors.Take(20).Select(t => $"'{t.Name}'"))}{(Tensors.Count > 20 ? ", ..." : "")}.");

    /// <summary>The tensor of this name, which has this type and shape.</summary>
    /// <exception cref="SafeTensorsException">No tensor has this name, or its type or shape differs.</exception>
    public SafeTensor Require(string name, SafeTensorType type, IReadOnlyList<long> shape)
    {
        var tensor = this[name];
        return tensor.Type == type && tensor.Shape.SequenceEqual(shape)
            ? tensor
            : throw new SafeTensorsException(
                $"Tensor '{name}' is {tensor.Type} {tensor.ShapeText}, expected {type} [{string.Join(", ", shape)}].");
    }

    /// <summary>The tensors whose names begin with this text, by the rest of their names; without metadata.</summary>
    public SafeTensorsFile Within(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return new SafeTensorsFile(
            new Dictionary<string, string>(),
            [
                .. Tensors.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal))
                    .Select(t => t with { Name = t.Name[prefix.Length..] }),
            ],
            _prefix + prefix,
            _asked);
    }

    public bool TryGet(string name, [NotNullWhen(true)] out SafeTensor? tensor)
    {
        var found = _byName.TryGetValue(name, out tensor);
        if (found)
        {
            _asked.Add(_prefix + name);
        }

        return found;
    }

    /// <summary>Reads a file from disk into memory and checks it.</summary>
    /// <inheritdoc cref="Read(ReadOnlyMemory{byte})"/>
    public static SafeTensorsFile Read(string path)
    {
        using var stream = File.OpenRead(path);
        return Read(stream);
    }

    /// <summary>Reads a stream to its end and checks it.</summary>
    /// <param name="stream">The file's bytes.</param>
    /// <param name="maximumBytes">Memory budget: a longer stream is refused before it is read further.</param>
    /// <exception cref="SafeTensorsException">The file is not valid; the message says why and where.</exception>
    public static SafeTensorsFile Read(Stream stream, long maximumBytes = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var limit = Math.Min(maximumBytes, Array.MaxLength);
        if (stream.CanSeek && stream.Length - stream.Position > limit)
        {
            throw TooLong($"{stream.Length - stream.Position}", limit);
        }

        using var memory = new MemoryStream(stream.CanSeek ? (int)(stream.Length - stream.Position) : 0);
        var buffer = new byte[81920];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            if (memory.Length + read > limit)
            {
                throw TooLong($"more than {memory.Length}", limit);
            }

            memory.Write(buffer, 0, read);
        }

        return Read(memory.GetBuffer().AsMemory(0, (int)memory.Length));
    }

    /// <summary>Checks the bytes of a file; tensors are slices of them, so they must not change afterwards.</summary>
    /// <exception cref="SafeTensorsException">The file is not valid; the message says why and where.</exception>
    public static SafeTensorsFile Read(ReadOnlyMemory<byte> file)
    {
        var bytes = file.Span;
        RefusePickle(bytes);
        if (bytes.Length < LengthBytes)
        {
            throw new SafeTensorsException(
                $"The file has {bytes.Length} bytes, expected at least {LengthBytes} with the length of the header.");
        }

        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (headerLength > MaximumHeaderBytes)
        {
            throw new SafeTensorsException(
                $"The first eight bytes give a header of {headerLength} bytes, expected at most {MaximumHeaderBytes}. "
                    + "Is this a safetensors file?");
        }

        if (headerLength > (ulong)(bytes.Length - LengthBytes))
        {
            throw new SafeTensorsException(
                $"The first eight bytes give a header of {headerLength} bytes, but only {bytes.Length - LengthBytes} bytes follow. "
                    + "Is the file cut short?");
        }

        var header = SafeTensorsHeader.Parse(bytes.Slice(LengthBytes, (int)headerLength));
        return new SafeTensorsFile(header.Metadata, Slice(header, file[(LengthBytes + (int)headerLength)..]), "", new HashSet<string>(StringComparer.Ordinal));
    }

    /// <summary>Cuts the buffer into tensors: each begins where the one before ended, the last ends with the file.</summary>
    private static List<SafeTensor> Slice(SafeTensorsHeader header, ReadOnlyMemory<byte> buffer)
    {
        var tensors = new List<SafeTensor>(header.Entries.Count);
        var position = 0L;
        var previous = "the header";
        foreach (var entry in header.Entries.OrderBy(e => e.Begin).ThenBy(e => e.End).ThenBy(e => e.Name, StringComparer.Ordinal))
        {
            if (entry.End > buffer.Length)
            {
                throw new SafeTensorsException(
                    $"Tensor '{entry.Name}': data_offsets [{entry.Begin}, {entry.End}] reach beyond the {buffer.Length} bytes of data. "
                        + "Is the file cut short?");
            }

            if (entry.Begin != position)
            {
                throw new SafeTensorsException(
                    $"Tensor '{entry.Name}': data begin at {entry.Begin}, expected {position} where {previous} ends: "
                        + $"{(entry.Begin < position ? "tensors overlap" : "there is a hole")}.");
            }

            tensors.Add(new SafeTensor(entry.Name, entry.Type, entry.Shape, buffer[(int)entry.Begin..(int)entry.End]));
            position = entry.End;
            previous = $"tensor '{entry.Name}'";
        }

        if (position != buffer.Length)
        {
            throw new SafeTensorsException(
                $"The tensors take {position} bytes of data, but {buffer.Length} follow the header: "
                    + $"{buffer.Length - position} bytes belong to no tensor.");
        }

        return tensors;
    }

    /// <summary>
    /// torch.save writes zip archives (PK) or plain pickles (0x80). A header of 0x..80 bytes starts with the same byte as
    /// a pickle, hence the look at byte 8, which is '{' in every safetensors file.
    /// </summary>
    private static void RefusePickle(ReadOnlySpan<byte> bytes)
    {
        var zip = bytes.StartsWith("PK\x03\x04"u8) || bytes.StartsWith("PK\x05\x06"u8);
        var pickle = bytes.Length >= 2 && bytes[0] == 0x80 && bytes[1] is >= 2 and <= 5;
        if ((zip || pickle) && (bytes.Length <= LengthBytes || bytes[LengthBytes] != '{'))
        {
            throw new SafeTensorsException(
                $"This is a {(zip ? "zip archive" : "pickle")}, as torch.save writes it; "
                    + "such files can run code when loaded, so only safetensors are read. "
                + "Convert it where you trust it: import torch, safetensors.torch; "
                + "safetensors.torch.save_file({k: v.clone().contiguous() for k, v in torch.load('model.pt', map_location='cpu', "
                + "weights_only=True).items()}, 'model.safetensors')");
        }
    }

    private static SafeTensorsException TooLong(string found, long limit) =>
        new($"The file has {found} bytes, expected at most {limit}.");
}

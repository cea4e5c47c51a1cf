using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Generation;

namespace EventService.Registry;

/// <summary>A model file with what the registry needs to know of it; the tensors are left to the architecture.</summary>
/// <param name="FileName">Name without folder, for messages.</param>
/// <param name="Bytes">The file.</param>
/// <param name="Sha256">Its digest.</param>
public sealed record ModelFile(string FileName, ReadOnlyMemory<byte> Bytes, string Sha256)
{
    public const string Extension = ".safetensors";

    /// <summary>The model files of a folder, ordinal by name; none where there is no folder.</summary>
    public static IReadOnlyList<string> In(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*" + Extension).Order(StringComparer.Ordinal)] : [];

    public static async Task<ModelFile> ReadAsync(string path, CancellationToken cancellationToken = default)
    {
        var bytes = await File.ReadAllBytesAsync(path, cancellationToken);
        return new ModelFile(Path.GetFileName(path), bytes, ArtifactStore.Digest(bytes));
    }

    /// <summary>Checks the file and reads the model's name, process and document from its header.</summary>
    /// <exception cref="SafeTensorsException">The file is not valid safetensors.</exception>
    /// <exception cref="ModelFormatException">It holds no model document.</exception>
    public (string Name, string Process, string Document) ReadDocument()
    {
        if (!SafeTensorsFile.Read(Bytes).Metadata.TryGetValue(ModelDocument.MetadataKey, out var document))
        {
            throw new ModelFormatException($"{FileName}: the metadata have no '{ModelDocument.MetadataKey}', expected the model document there.");
        }

        try
        {
            using var json = JsonDocument.Parse(document);
            return (Text(json.RootElement, "name"), Text(json.RootElement, "process"), document);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException($"{FileName}: the model document is not valid JSON: {e.Message}", e);
        }
    }

    private string Text(JsonElement document, string field) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new ModelFormatException($"{FileName}: the model document has no '{field}', expected a text.");
}

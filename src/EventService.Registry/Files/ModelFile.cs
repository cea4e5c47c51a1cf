using EventService.Engine.Serialization;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Registry.Artifacts;

namespace EventService.Registry.Files;

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

    /// <summary>The model document, checked, and its text as it stands in the file.</summary>
    /// <exception cref="ModelFormatException">It is not a model file; the message names it.</exception>
    public (ModelDocument Document, string Json) ReadDocument()
    {
        try
        {
            return (EventGenerator.ReadDocument(Bytes), SafeTensorsFile.Read(Bytes).Metadata[ModelDocument.MetadataKey]);
        }
        catch (ModelFormatException e)
        {
            throw new ModelFormatException($"{FileName}: {e.Message}", e);
        }
    }
}

using System.Security.Cryptography;
using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.FlowEvents;
using EventService.Models.Flows;
using EventService.Models.ObjectFlow;

namespace EventService.Models;

/// <summary>A trained model as it is served: the model with its preprocessing, its document and its digest.</summary>
public sealed class EventGenerator
{
    /// <param name="document">Everything about the model that is not a tensor.</param>
    /// <param name="model">The model.</param>
    /// <param name="sha256">sha256 of the model file, lower-case hexadecimal.</param>
    /// <exception cref="ModelFormatException">The document's domain is not one of its conditions.</exception>
    public EventGenerator(ModelDocument document, IGenerativeModel model, string sha256)
    {
        Document = document;
        Model = model;
        Sha256 = sha256;
        Conditions = document.ConditionSpace();
    }

    public ModelDocument Document { get; }

    public IGenerativeModel Model { get; }

    /// <summary>The values that the model's conditions may have.</summary>
    public ConditionSpace Conditions { get; }

    /// <summary>The model's density, or null for an architecture that has none.</summary>
    public ILikelihoodModel? Likelihood => Model as ILikelihoodModel;

    /// <summary>sha256 of the model file, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>Reads a model file (safetensors with a <see cref="ModelDocument"/>), checks it and builds the model.</summary>
    /// <exception cref="ModelFormatException">The bytes are not a model this service understands; the message says what was found and
    /// expected.</exception>
    public static EventGenerator Load(ReadOnlyMemory<byte> file)
    {
        var (document, tensors) = Parse(file);
        var sha256 = SHA256.HashData(file.Span);
        var model = ModelArchitectures.Of(document).Build(document, tensors, sha256);
        return new EventGenerator(document, model, Convert.ToHexStringLower(sha256));
    }

    /// <summary>Reads a model file from disk.</summary>
    /// <exception cref="ModelFormatException">As for <see cref="Load"/>.</exception>
    public static EventGenerator Open(string path) => Load(File.ReadAllBytes(path));

    /// <summary>The document of a model file, checked, without building the model.</summary>
    /// <exception cref="ModelFormatException">The bytes are not a model file.</exception>
    public static ModelDocument ReadDocument(ReadOnlyMemory<byte> file) => Parse(file).Document;

    private static (ModelDocument Document, SafeTensorsFile Tensors) Parse(ReadOnlyMemory<byte> file)
    {
        try
        {
            var tensors = SafeTensorsFile.Read(file);
            if (!tensors.Metadata.TryGetValue(ModelDocument.MetadataKey, out var json))
            {
                throw new ModelFormatException($"The file is safetensors without a document: its metadata have no '{ModelDocument.MetadataKey}'. Make models with 'eventservice train' or 'eventservice import'.");
            }

            var document = JsonSerializer.Deserialize<ModelDocument>(json, ModelJson.Options)
                ?? throw new ModelFormatException("The model's document is null, expected an object.");
            if (document.FormatVersion != ModelDocument.CurrentFormatVersion)
            {
                throw new ModelFormatException($"The model's document has format version {document.FormatVersion}, expected {ModelDocument.CurrentFormatVersion}. Use a matching version of the service.");
            }

            document.ConditionSpace();
            if (document.Schema.Arrays.Select(a => a.Fault()).FirstOrDefault(f => f is not null) is { } fault)
            {
                throw new ModelFormatException($"The model's document cannot be used: {fault}.");
            }

            return (document, tensors);
        }
        catch (SafeTensorsException e)
        {
            throw new ModelFormatException(e.Message, e);
        }
        catch (JsonException e)
        {
            throw new ModelFormatException($"The model's document cannot be read: {e.Message}", e);
        }
    }
}

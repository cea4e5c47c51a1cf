using System.Security.Cryptography;

namespace EventService.Generation;

/// <summary>A trained model as it is served: the model with its preprocessing, its document and its digest.</summary>
public sealed class EventGenerator
{
    public EventGenerator(ModelDocument document, IGenerativeModel model, string sha256)
    {
        Document = document;
        Model = model;
        Sha256 = sha256;
    }

    public ModelDocument Document { get; }

    public IGenerativeModel Model { get; }

    /// <summary>The model's density, or null for an architecture that has none.</summary>
    public ILikelihoodModel? Likelihood => Model as ILikelihoodModel;

    /// <summary>sha256 of the model file, lower-case hexadecimal.</summary>
    public string Sha256 { get; }

    /// <summary>Reads a model file (safetensors with a <see cref="ModelDocument"/>), checks it and builds the model.</summary>
    /// <exception cref="ModelFormatException">The bytes are not a model this service understands; the message says what was found and expected.</exception>
    public static EventGenerator Load(ReadOnlyMemory<byte> file)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(file.Span));
        throw new ModelFormatException($"No architecture can read the model file {sha256}.");
    }
}

/// <summary>A model file was refused; the message says what was found, what was expected and what to do.</summary>
public sealed class ModelFormatException(string message, Exception? inner = null) : Exception(message, inner);

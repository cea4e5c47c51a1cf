using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Contracts;

namespace EventService.Models.Documents;

/// <summary>What models of an architecture can do beside generating events.</summary>
[Flags]
public enum ModelCapabilities
{
    None = 0,

    /// <summary>They know the density of an event.</summary>
    Density = 1,

    /// <summary>They can be conditioned on parameters, such as a mass.</summary>
    Conditions = 2,
}

/// <summary>A kind of model that files can hold: its name in documents, how it is read, and what it can do.</summary>
/// <param name="Name">As documents name it.</param>
/// <param name="Summary">What it is, in half a sentence, for people who choose one.</param>
/// <param name="Capabilities">What its models can do.</param>
/// <param name="Read">Builds a model from its document and its tensors.</param>
public sealed record ModelArchitecture(string Name, string Summary, ModelCapabilities Capabilities, ModelArchitecture.Reader Read)
{
    /// <summary>
    /// Builds a model. Readers throw <see cref="ModelFormatException"/> with a sentence where they know one; what else a faulty document or
    /// tensors make them throw becomes one in <see cref="Build"/>.
    /// </summary>
    /// <param name="document">Its document, whose conditions are checked.</param>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="sha256">sha256 of the model file: part of the key of the random numbers.</param>
    public delegate IGenerativeModel Reader(ModelDocument document, SafeTensorsFile tensors, ReadOnlyMemory<byte> sha256);

    /// <summary>Builds a model.</summary>
    /// <param name="document">Its document, whose conditions are checked.</param>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="sha256">sha256 of the model file: part of the key of the random numbers.</param>
    /// <exception cref="ModelFormatException">The document and the tensors do not make a model; the message says what was found and
    /// expected.</exception>
    public IGenerativeModel Build(ModelDocument document, SafeTensorsFile tensors, ReadOnlyMemory<byte> sha256)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(tensors);
        try
        {
            var model = Read(document, tensors, sha256);
            return tensors.NeverAsked.FirstOrDefault() is not { } left
                ? model
                : throw new ModelFormatException(
                    $"Model '{document.Name}' has the tensor '{left}', which its hyper-parameters have no place for, expected only what the architecture '{Name}' reads.");
        }
        catch (Exception e) when (e is SafeTensorsException or JsonException or ArgumentException or NullReferenceException or NotSupportedException)
        {
            throw new ModelFormatException($"Model '{document.Name}' does not fit the architecture '{Name}': {e.Message}", e);
        }
    }

    /// <summary>Whether its models can do all of this.</summary>
    public bool Has(ModelCapabilities capabilities) => (Capabilities & capabilities) == capabilities;
}

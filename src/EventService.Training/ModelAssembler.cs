using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Models.Documents;
using EventService.Models.Sampling;

namespace EventService.Training;

/// <summary>Puts model files together: the one place where documents are filled in and written beside the tensors.</summary>
public static class ModelAssembler
{
    /// <summary>Writes a model file.</summary>
    /// <param name="stream">Receives the file.</param>
    /// <param name="identity">What the model is called.</param>
    /// <param name="origin">What it was made of.</param>
    /// <param name="yield">How many events it stands for.</param>
    /// <param name="figures">How its training went.</param>
    /// <param name="parts">What its architecture gives.</param>
    /// <returns>The document.</returns>
    public static ModelDocument Write(
        Stream stream, ModelIdentity identity, ModelOrigin origin, ModelYield yield, TrainingFigures figures, ModelParts parts)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentNullException.ThrowIfNull(yield);
        ArgumentNullException.ThrowIfNull(figures);
        ArgumentNullException.ThrowIfNull(parts);
        var document = new ModelDocument
        {
            FormatVersion = ModelDocument.CurrentFormatVersion,
            Name = identity.Name,
            Process = identity.Process,
            Description = identity.Description,
            Architecture = parts.Architecture,
            Hyperparameters = parts.Hyperparameters,
            Preprocessing = parts.Preprocessing,
            Schema = parts.Schema,
            Conditions = parts.Conditions,
            Domain = parts.Domain,
            CrossSectionPb = yield.CrossSectionPb,
            SelectionEfficiency = yield.SelectionEfficiency,
            SumOfWeights = yield.SumOfWeights,
            Acceptance = parts.Acceptance,
            AcceptanceError = parts.AcceptanceError,
            ParentSha256 = parts.ParentSha256,
            Training = new TrainingProvenance
            {
                Command = origin.Command,
                DataFile = origin.DataFile,
                DataSha256 = origin.DataSha256,
                TrainingEvents = figures.TrainingEvents,
                ValidationEvents = figures.ValidationEvents,
                TestEvents = figures.TestEvents,
                Seed = figures.Seed,
                Epochs = figures.Epochs,
                BestEpoch = figures.BestEpoch,
                TrainingLoss = figures.TrainingLoss,
                ValidationLoss = figures.ValidationLoss,
                ServiceVersion = ServiceVersion.Text,
            },
        };
        Write(stream, document, parts.Tensors);
        return document;
    }

    /// <summary>Writes a model file of a document that is complete.</summary>
    public static void Write(Stream stream, ModelDocument document, IReadOnlyList<SafeTensor> tensors)
    {
        var text = JsonSerializer.Serialize(document, ModelJson.Options);
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = text }, tensors);
    }
}

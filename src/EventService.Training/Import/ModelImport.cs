using System.Security.Cryptography;

using EventService.Engine.Serialization;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training.Import;

/// <summary>A flow that another library trained, turned into a model file.</summary>
/// <param name="Document">The model's document.</param>
/// <param name="File">The model file.</param>
/// <param name="Layers">Number of layers.</param>
/// <param name="LargestCheckDifference">Largest relative difference between a log-density of the description's checks and ours; null
/// without checks.</param>
public sealed record ImportedModel(ModelDocument Document, byte[] File, int Layers, double? LargestCheckDifference);

/// <summary>Turns a state dict and its description into a model file.</summary>
public static class ModelImport
{
    /// <summary>Largest relative difference that a check may show.</summary>
    public const double CheckTolerance = 1e-5;

    /// <param name="stateDict">A safetensors file with the state dict of the flow.</param>
    /// <param name="description">The JSON description.</param>
    /// <param name="stateName">Name of the state dict's file, for the record.</param>
    /// <exception cref="ModelFormatException">Something is not understood, or a check fails; the message says what was found, what is
    /// expected and what is understood.</exception>
    /// <exception cref="SafeTensorsException">The state dict is no safetensors file, or holds numbers that are not finite.</exception>
    public static ImportedModel Run(ReadOnlyMemory<byte> stateDict, ReadOnlySpan<byte> description, string stateName)
    {
        var parsed = ImportDescription.Parse(description);
        var file = SafeTensorsFile.Read(stateDict);
        if (file.Metadata.ContainsKey(ModelDocument.MetadataKey))
        {
            throw new ModelFormatException($"{stateName} is a model file already: its metadata have '{ModelDocument.MetadataKey}'. Use it as it is.");
        }

        var state = new StateDict(file);
        var (layers, baseDistribution) = ReadLayers(parsed, state);
        var columns = parsed.Columns.Select(c => new ColumnPreprocessing(c.Maps)).ToArray();
        var schema = new SampleSchema([.. parsed.Columns.Select(c => new ColumnSchema(c.Name, c.Unit, c.Description))], []);
        var (hyper, preprocessing, tensors) = LayeredFlowFile.Describe(columns.Length, layers, baseDistribution, columns);
        using var stream = new MemoryStream();
        var document = ModelAssembler.Write(
            stream,
            new ModelIdentity(parsed.Name, parsed.Process, parsed.Description),
            new ModelOrigin(
                $"trained with {$"{parsed.Library} {parsed.LibraryVersion}".TrimEnd()}, eventservice import {stateName}",
                stateName,
                Convert.ToHexStringLower(SHA256.HashData(stateDict.Span))),
            ModelYield.Of(parsed.CrossSectionPb, parsed.SelectionEfficiency),
            new TrainingFigures(),
            new ModelParts
            {
                Architecture = LayeredFlow.ArchitectureName,
                Hyperparameters = hyper,
                Preprocessing = preprocessing,
                Schema = schema,
                Tensors = tensors,
            });

        // Read back: what is checked is what will be served.
        var bytes = stream.ToArray();
        var model = EventGenerator.Load(bytes).Likelihood!;
        return new ImportedModel(document, bytes, layers.Count, Check(parsed, model));
    }

    private static (IReadOnlyList<FlowLayer> Layers, FlowBase Base) ReadLayers(ImportDescription description, StateDict state)
    {
        try
        {
            var read = description.Library == ImportDescription.Nflows ? new NflowsReader(state, description).Read() : new ZukoReader(state, description).Read();
            state.RequireAllTaken();
            return read;
        }
        catch (ArgumentException e)
        {
            throw StateDict.Fault(e.Message);
        }
    }

    private static double? Check(ImportDescription description, ILikelihoodModel model)
    {
        if (description.Checks.Count == 0)
        {
            return null;
        }

        var events = EventSample.For(model.Schema);
        foreach (var check in description.Checks)
        {
            events.AddRow(events.Count, [.. check.X]);
        }

        var densities = new EventDensity[events.Count];
        model.LogDensity(events, [], densities);
        var largest = 0.0;
        for (var k = 0; k < densities.Length; k++)
        {
            var expected = description.Checks[k].LogProb;
            var difference = Math.Abs(densities[k].LogDensity - expected) / Math.Max(Math.Abs(expected), 1);
            if (!(difference <= CheckTolerance))
            {
                throw new ModelFormatException(
                    $"Check {k} of the description fails: the log-density is {densities[k].LogDensity:G9}{(densities[k].Reason is { } reason ? $" ({reason})" : "")}, expected {expected:G9}. "
                    + "Compare activation, tails, tail bound, minimum sizes or slope, the maps and the order of the columns with the training, and give log-densities of the library in float64, with the maps' Jacobians.");
            }

            largest = Math.Max(largest, difference);
        }

        return largest;
    }
}

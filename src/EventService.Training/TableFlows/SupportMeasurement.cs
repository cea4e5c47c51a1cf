using System.Runtime.ExceptionServices;

using EventService.Engine.Serialization;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training.TableFlows;

/// <summary>
/// Gives a flow the inequalities of its recipe: how much of it lies inside is measured with draws, and stands in its file with them.
/// </summary>
public static class SupportMeasurement
{
    /// <summary>Draws for a flow under no condition.</summary>
    private const int Draws = 1 << 20;

    /// <summary>Conditions from the smallest to the largest at which a flow is measured, and draws at each.</summary>
    private const int Knots = 17;
    private const int DrawsOfKnot = 1 << 17;

    private const ulong Seed = 0x537570706F7274;

    // With less an event that takes all attempts would not be rare among many millions.
    private const double LeastAcceptance = 0.1;

    /// <summary>What is being done, for progress.</summary>
    public const string Title = "measuring the share of draws inside";

    /// <summary>Draws that the measurement takes for a flow under this number of conditions, none or one.</summary>
    public static long DrawsOf(int conditions) => conditions == 0 ? Draws : Knots * (long)DrawsOfKnot;

    /// <summary>The same model with a support. Its tensors are the same; its validation loss stays that of the flow.</summary>
    /// <param name="file">A model file of a flow without a support.</param>
    /// <param name="inequalities">What holds of its columns.</param>
    /// <param name="progress">Told the number of draws done.</param>
    /// <param name="cancellation">Stops the measurement.</param>
    /// <exception cref="ModelFormatException">The model cannot have a support, has one, or too few of its draws are inside.</exception>
    public static (byte[] File, ModelDocument Document) Give(
        ReadOnlyMemory<byte> file, IReadOnlyList<ColumnInequality> inequalities, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(inequalities);
        var generator = EventGenerator.Load(file);
        var conditions = generator.Document.Conditions;
        if (generator.Model is not (LayeredFlow or ConditionalFlow) || conditions.Count > 1)
        {
            throw new ModelFormatException($"Model '{generator.Document.Name}' is of the architecture '{generator.Document.Architecture}' under {conditions.Count} conditions, expected '{LayeredFlow.ArchitectureName}' under one condition at most: others cannot have inequalities.");
        }

        if (generator.Model is LayeredFlow { Support: not null } or ConditionalFlow { HasSupport: true })
        {
            throw new ModelFormatException($"Model '{generator.Document.Name}' has a support, expected one without.");
        }

        try
        {
            var inside = new ColumnInequalities(generator.Document.Schema, inequalities);
            double[][] points = conditions.Count == 0 ? [[]] : [.. Enumerable.Range(0, Knots).Select(k => new[] { conditions[0].Minimum + ((conditions[0].Maximum - conditions[0].Minimum) * k / (Knots - 1)) })];
            var draws = conditions.Count == 0 ? Draws : DrawsOfKnot;
            var acceptance = points.Select((point, k) => Inside(generator.Model, point, inside, draws, new Offset(progress, k * (long)draws), cancellation) / draws).ToArray();
            if (generator.Document.Acceptance * acceptance.Min() < LeastAcceptance)
            {
                throw new ModelFormatException(
                    $"Model '{generator.Document.Name}' would keep {generator.Document.Acceptance * acceptance.Min():P2} of its draws{(conditions.Count == 0 ? "" : $" at {conditions[0].Name} = {points[Array.IndexOf(acceptance, acceptance.Min())][0]}")}, expected at least {LeastAcceptance:P0}. Correct data.inequalities, or train a flow that is nearer to them.");
            }

            var document = LayeredFlowFile.WithSupport(generator.Document, new EventSupport(inside, acceptance, draws));
            using var stream = new MemoryStream();
            ModelAssembler.Write(stream, document, SafeTensorsFile.Read(file).Tensors);
            return (stream.ToArray(), document);
        }
        catch (ArgumentException e)
        {
            throw new ModelFormatException($"Model '{generator.Document.Name}' cannot have this support: {e.Message}", e);
        }
        catch (AggregateException e)
        {
            // Draws are made in parallel; what stops them has a sentence of its own.
            ExceptionDispatchInfo.Throw(e.InnerException!);
            throw;
        }
    }

    private static double Inside(IGenerativeModel model, double[] condition, ColumnInequalities inequalities, int draws, Offset progress, CancellationToken cancellation)
    {
        var events = GeneratedSample.Draw(model, new EventStream(Seed, condition), draws, progress, cancellation);
        return Enumerable.Range(0, events.Count).Count(k => inequalities.Violated(events.Row(k)) is null);
    }

    private sealed class Offset(Action<long>? progress, long before) : IProgress<long>
    {
        public void Report(long value) => progress?.Invoke(before + value);
    }
}

using EventService.Engine.Tensors;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Numerics.Functions;
using EventService.Training.Recipes;
using EventService.Training.Tables;

namespace EventService.Training.TableFlows;

/// <summary>Trains the refinement of a flow, and measures what it keeps.</summary>
public sealed class RefinementTraining
{
    private const ulong MeasurementKey = 0x4D_45_41_53UL;
    private const int Piece = FlowLayer.SamplingStride;

    private readonly LayeredFlow _flow;
    private readonly RefinementRecipe _recipe;
    private readonly RefinementTask _task;
    private readonly TableCoordinates _coordinates;
    private readonly int[] _training;
    private readonly int _threads;

    internal RefinementTraining(LayeredFlow flow, TableCoordinates coordinates, int rows, int[] training, int[] validation, RefinementRecipe recipe, int threads, int checkpointSteps, Func<Dictionary<string, string>> fingerprint)
    {
        (_flow, _recipe, _coordinates, _training, _threads) = (flow, recipe, coordinates, training, threads);
        _task = new RefinementTask(flow, coordinates, rows, training, validation, recipe.Network, recipe.Training.Seed, threads);
        var schedule = recipe.Training.Schedule(_task.Training.Length / recipe.Training.BatchSize);
        Trainer = new Trainer(_task, _task.Training, recipe.Training.Options(threads, checkpointSteps), schedule, fingerprint);
    }

    /// <summary>Its loss is the cross-entropy [nat]: ln 2 where no difference is found.</summary>
    public Trainer Trainer { get; }

    /// <summary>Trained numbers.</summary>
    public long ParameterCount => _task.Parameters.Count;

    /// <summary>
    /// The refinement with the best parameters: its largest weight is a quantile of the weights of the flow's events, its acceptance the
    /// mean over them. Where the recipe asks for marginal weights, they are fitted to the training events.
    /// </summary>
    /// <returns>The refinement, its acceptance and the acceptance's standard error.</returns>
    /// <exception cref="InvalidOperationException">It has not been trained.</exception>
    /// <exception cref="ArgumentException">A column has too few different values for marginal weights.</exception>
    public (FlowRefinement Refinement, double Acceptance, double Error) Measure()
    {
        if (Trainer.BestEpoch < 0)
        {
            throw new InvalidOperationException("The refinement has not been trained for an epoch.");
        }

        foreach (var parameter in _task.Average.Parameters.Parameters)
        {
            Trainer.Best[parameter.Index].CopyTo(parameter.Value.Span);
        }

        var network = _task.Average.Export();
        var draws = _flow.Columns.Select(_ => new float[_recipe.MarginalQuantiles > 0 ? _recipe.AcceptanceEvents : 0]).ToArray();
        var weights = Probabilities(new FlowRefinement(network, LargestLogit, 1, 0), draws);

        // So far w / exp(LargestLogit): none is cut.
        var sorted = (double[])weights.Clone();
        Array.Sort(sorted);
        var largest = sorted[(int)Math.Min(sorted.Length - 1, _recipe.Quantile * sorted.Length)];
        foreach (ref var w in weights.AsSpan())
        {
            w /= largest;
        }

        var marginals = _recipe.MarginalQuantiles == 0 ? null : MarginalWeightsFit.Fit(TrainingEvents(), draws, weights, _recipe.MarginalQuantiles);
        double sum = 0, squares = 0;
        foreach (var w in weights)
        {
            var a = Math.Min(1, w);
            sum += a;
            squares += a * a;
        }

        var acceptance = sum / weights.Length;
        var error = Math.Sqrt(Math.Max(0, (squares / weights.Length) - (acceptance * acceptance)) / weights.Length);
        return (new FlowRefinement(network, Log.Of(largest) + LargestLogit, acceptance, error, marginals), acceptance, error);
    }

    /// <summary>Columns of the training events in the flow's numbers, mirrored at random where the table is.</summary>
    private float[][] TrainingEvents()
    {
        var events = new Tensor(0, 0);
        _coordinates.Fill(_training, 0, events);
        return [.. Enumerable.Range(0, events.Rows).Select(f => events.Span.Slice(f * events.Columns, events.Columns).ToArray())];
    }

    // No logit of a network that can be used comes near; its exponential is within float32.
    private const double LargestLogit = 40;

    /// <param name="refinement">Gives the probabilities.</param>
    /// <param name="draws">Receives the columns of the flow's draws after their maps, where there is room for them.</param>
    private double[] Probabilities(FlowRefinement refinement, float[][] draws)
    {
        var probability = new double[_recipe.AcceptanceEvents];
        var key = _recipe.Training.Seed ^ MeasurementKey;
        Parallel.For(0, (probability.Length + Piece - 1) / Piece, new ParallelOptions { MaxDegreeOfParallelism = _threads }, () => (Scratch: new FlowScratch(), Events: new float[refinement.Network.Inputs * Piece], Kept: new float[Piece]), (p, _, local) =>
        {
            var first = (long)p * Piece;
            var n = (int)Math.Min(Piece, probability.Length - first);
            long[] indices = [.. Enumerable.Range(0, n).Select(i => first + i)];
            _flow.DrawMapped(key, indices, local.Events, Piece);
            refinement.Acceptance(local.Events, n, local.Kept, local.Scratch);
            for (var i = 0; i < n; i++)
            {
                probability[first + i] = local.Kept[i];
            }

            for (var f = 0; f < draws.Length && draws[f].Length > 0; f++)
            {
                local.Events.AsSpan(f * Piece, n).CopyTo(draws[f].AsSpan((int)first));
            }

            return local;
        }, _ => { });
        return probability;
    }
}

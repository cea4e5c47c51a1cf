using EventService.Generation.Architectures.Flows;
using EventService.Generation.Training.Recipes;
using EventService.Numerics.Functions;

namespace EventService.Generation.Training.Tables;

/// <summary>Trains the refinement of a flow, and measures what it keeps.</summary>
public sealed class RefinementTraining
{
    private const ulong MeasurementKey = 0x4D_45_41_53UL;
    private const int Piece = FlowLayer.SamplingStride;

    private readonly LayeredFlow _flow;
    private readonly RefinementRecipe _recipe;
    private readonly RefinementTask _task;
    private readonly int _threads;

    internal RefinementTraining(LayeredFlow flow, TableCoordinates coordinates, int rows, int[] training, int[] validation, RefinementRecipe recipe, int threads, int checkpointSteps, Func<Dictionary<string, string>> fingerprint)
    {
        (_flow, _recipe, _threads) = (flow, recipe, threads);
        _task = new RefinementTask(flow, coordinates, rows, training, validation, recipe.Network, recipe.Training.Seed, threads);
        Trainer = new LikelihoodTrainer(_task, _task.Training, recipe.Training.Options(threads, checkpointSteps), recipe.Training.Schedule(_task.Training.Length / recipe.Training.BatchSize), fingerprint);
    }

    /// <summary>Its loss is the cross-entropy [nat]: ln 2 where no difference is found.</summary>
    public LikelihoodTrainer Trainer { get; }

    /// <summary>Trained numbers.</summary>
    public long ParameterCount => _task.Parameters.Count;

    /// <summary>The refinement with the best parameters: its largest weight is a quantile of the weights of the flow's events, its acceptance the mean over them.</summary>
    /// <returns>The refinement, its acceptance and the acceptance's standard error.</returns>
    /// <exception cref="InvalidOperationException">It has not been trained.</exception>
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
        var probability = Probabilities(new FlowRefinement(network, LargestLogit, 1, 0));

        // Probabilities are w / exp(LargestLogit): none is cut.
        var sorted = (double[])probability.Clone();
        Array.Sort(sorted);
        var largest = sorted[(int)Math.Min(sorted.Length - 1, _recipe.Quantile * sorted.Length)];
        double sum = 0, squares = 0;
        foreach (var p in probability)
        {
            var a = Math.Min(1, p / largest);
            sum += a;
            squares += a * a;
        }

        var acceptance = sum / probability.Length;
        var error = Math.Sqrt(Math.Max(0, (squares / probability.Length) - (acceptance * acceptance)) / probability.Length);
        return (new FlowRefinement(network, Log.Of(largest) + LargestLogit, acceptance, error), acceptance, error);
    }

    // No logit of a network that can be used comes near; its exponential is within float32.
    private const double LargestLogit = 40;

    private double[] Probabilities(FlowRefinement refinement)
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

            return local;
        }, _ => { });
        return probability;
    }
}

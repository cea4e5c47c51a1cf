using System.Numerics.Tensors;

using EventService.Engine.Autodiff;
using EventService.Engine.Optimizers;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Training.ObjectFlow;

namespace EventService.Benchmarks;

/// <summary>
/// The step of <see cref="ObjectFlowTrainer"/> without dropout, mirror images and running average: gradients of the shards side by
/// side, their sum in a fixed order, its norm, AdamW.
/// </summary>
internal sealed class TrainingStep
{
    private readonly TrainingProblem _problem;
    private readonly ParallelOptions _parallel;
    private readonly ObjectFlowNetwork _network;
    private readonly AdamW _optimizer;
    private readonly ObjectFlowLikelihood[] _shards;
    private readonly double[] _constants;

    public TrainingStep(TrainingProblem problem, int threads)
    {
        _problem = problem;
        _parallel = new ParallelOptions { MaxDegreeOfParallelism = threads };
        _network = TrainingProblem.CreateNetwork();
        _optimizer = new AdamW(_network.Parameters, new AdamWOptions { WeightDecay = TrainingProblem.WeightDecay });
        _shards = [.. problem.Shards[0].Select(_ => new ObjectFlowLikelihood(_network, problem.Coordinates, new Dropout(0, 0)))];
        _constants = [.. Enumerable.Range(0, TrainingProblem.Batches).Select(problem.Constant)];
    }

    /// <summary>Back to the start of the training.</summary>
    public void Reset()
    {
        foreach (var (p, start) in _network.Parameters.Parameters.Zip(TrainingProblem.CreateNetwork().Parameters.Parameters))
        {
            start.Value.Span.CopyTo(p.Value.Span);
            _optimizer.FirstMoments[p.Index].AsSpan().Clear();
            _optimizer.SecondMoments[p.Index].AsSpan().Clear();
        }

        _optimizer.Restore(0);
    }

    /// <summary>One step; gives the networks' part of the loss before it [nat an event] and the norm of the gradient.</summary>
    /// <param name="batch">Number of the batch.</param>
    /// <param name="build">Whether to build the inputs from the events as well.</param>
    public (double Loss, double Norm) Run(int batch, bool build)
    {
        var sums = new double[_shards.Length];
        Parallel.For(0, _shards.Length, _parallel, s =>
        {
            _shards[s].Tape.ClearGradients();
            sums[s] = build
                ? _shards[s].AddGradient(_problem.Sample, _problem.Rows(batch, s), _ => [], null, TrainingProblem.BatchSize)
                : _shards[s].AddGradient(_problem.Shards[batch][s], TrainingProblem.ShardSize, TrainingProblem.BatchSize);
        });

        var parameters = _network.Parameters.Parameters;
        var squares = new double[parameters.Count];
        Parallel.For(0, parameters.Count, _parallel, i =>
        {
            var total = Gradient(0, i);
            for (var s = 1; s < _shards.Length; s++)
            {
                TensorPrimitives.Add(total, Gradient(s, i), total);
            }

            squares[i] = GradientClipping.SquaredNorm(total);
        });
        var norm = Math.Sqrt(squares.Sum());
        var scale = GradientClipping.Factor(norm, TrainingProblem.GradientClip);
        _optimizer.Advance();
        Parallel.For(
            0, parameters.Count, _parallel, i => _optimizer.Update(parameters[i], Gradient(0, i), TrainingProblem.LearningRate, scale));
        return ((-sums.Sum() / TrainingProblem.BatchSize) - _constants[batch], norm);
    }

    /// <summary>The whole gradient of the last step, parameter after parameter.</summary>
    public float[] WholeGradient() =>
        [.. Enumerable.Range(0, _network.Parameters.Parameters.Count).SelectMany(i => Gradient(0, i).ToArray())];

    private Span<float> Gradient(int shard, int parameter) => _shards[shard].Tape.Parameters[parameter].Gradient!.Span;
}

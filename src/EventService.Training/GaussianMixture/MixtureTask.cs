using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.GaussianMixture;
using EventService.Numerics.Functions;
using EventService.Training.Tables;

namespace EventService.Training.GaussianMixture;

/// <summary>
/// The events of a table under a mixture of Gaussians, by minus their log-likelihood. With z = L_k^-1 (t - mu_k) and the responsibilities
/// r_k = w_k N_k / q (Bishop 2006, eq. 9.13), the derivatives of log q are r_k L_k^-T z by mu_k, r_k (L_k^-T z z^T - diag(1 / L_ii)) below
/// and on the diagonal by L_k, and r_k - w_k by the logits.
/// </summary>
internal sealed class MixtureTask : ITrainingTask
{
    // Events that are validated at a time.
    private const int Piece = 512;

    private readonly TableCoordinates _coordinates;
    private readonly MixtureParameters _mixture;
    private readonly MixtureParameters _average;
    private readonly int[] _training;
    private readonly int[] _validation;
    private readonly ulong _seed;
    private readonly double _meanLogJacobian;
    private readonly double _validationLogJacobian;

    /// <param name="coordinates">The events.</param>
    /// <param name="components">Number of Gaussians.</param>
    /// <param name="training">Rows of the training events.</param>
    /// <param name="validation">Rows of the validation events.</param>
    /// <param name="seed">The seed of the start.</param>
    public MixtureTask(TableCoordinates coordinates, int components, int[] training, int[] validation, ulong seed)
    {
        (_coordinates, _training, _validation, _seed) = (coordinates, training, validation, seed);
        _mixture = new MixtureParameters(components, coordinates.Columns.Count);
        _average = new MixtureParameters(components, coordinates.Columns.Count);
        _meanLogJacobian = coordinates.LogJacobian(training) / training.Length;
        _validationLogJacobian = coordinates.LogJacobian(validation);
    }

    public ParameterSet Parameters => _mixture.Set;

    public ParameterSet Average => _average.Set;

    /// <summary>The components of the averaged parameters.</summary>
    public MixtureComponents Export() => _average.Export();

    public ITrainingShard CreateShard() => new Shard(this);

    public void Start(ReadOnlySpan<int> rows)
    {
        var events = new Tensor(0, 0);
        _coordinates.Fill(_training, 0, events);
        _mixture.Initialise(events, _seed);
    }

    public IReadOnlyList<ValidationPart> Validate()
    {
        var (sum, density, events) = (0.0, new MixtureDensity(Export()), new Tensor(0, 0));
        for (var start = 0; start < _validation.Length; start += Piece)
        {
            var rows = _validation.AsSpan(start, Math.Min(Piece, _validation.Length - start));
            sum += _coordinates.Fill(rows, -1, events);
            for (var i = 0; i < rows.Length; i++)
            {
                sum += density.Evaluate(events, i);
            }
        }

        return [new ValidationPart(-(sum + _validationLogJacobian) / _validation.Length, 0, Parameters.Parameters.Count)];
    }

    private sealed class Shard(MixtureTask task) : ITrainingShard
    {
        private readonly Tensor _events = new(0, 0);

        public Tape Tape { get; } = new(task.Parameters);

        public double AddGradient(in TrainingTurn turn, ReadOnlySpan<int> rows)
        {
            var logLikelihood = task._coordinates.Fill(rows, turn.Epoch, _events) + (rows.Length * task._meanLogJacobian);
            var density = new MixtureDensity(task._mixture.Export());
            for (var i = 0; i < rows.Length; i++)
            {
                logLikelihood += density.Evaluate(_events, i);
                density.AddGradient(Tape, task._mixture, -1 / turn.Normalisation);
            }

            return -logLikelihood;
        }
    }
}

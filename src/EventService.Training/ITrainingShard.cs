using EventService.Engine.Autodiff;

namespace EventService.Training;

/// <summary>Some events of a batch, whose gradient one thread computes.</summary>
public interface ITrainingShard
{
    /// <summary>Over all parameters of the task; cleared before each use.</summary>
    Tape Tape { get; }

    /// <summary>
    /// Sum over the events of the loss of a group; adds the gradient of that sum, divided by the turn's normalisation, to the tape's.
    /// Gradients of parameters of other groups are left unused.
    /// </summary>
    /// <param name="turn">Which group, and when.</param>
    /// <param name="rows">The events.</param>
    double AddGradient(in TrainingTurn turn, ReadOnlySpan<int> rows);
}

/// <summary>A use of a shard.</summary>
/// <param name="Group">Number of the group whose loss is asked for.</param>
/// <param name="Use">Number of this use of a shard in the whole training, for random masks.</param>
/// <param name="Epoch">Current epoch, from 0.</param>
/// <param name="Normalisation">Events of the batch.</param>
public readonly record struct TrainingTurn(int Group, long Use, int Epoch, float Normalisation);

using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Networks;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training.ObjectFlow;

/// <summary>Log-likelihood of events under an object flow and its gradient, on one thread's tape.</summary>
public sealed class ObjectFlowLikelihood(ObjectFlowNetwork network, EventCoordinates coordinates, Dropout dropout)
{
    private readonly FlowBatch _batch = new(coordinates, network.Hyperparameters.ConditionInputs);

    /// <summary>Masks of the hidden units; started by the caller.</summary>
    public Dropout Dropout => dropout;

    public Tape Tape { get; } = new(network.Parameters);

    /// <summary>
    /// Sum over the events of log q(kinematics | counts), and the gradient of minus that sum divided by
    /// <paramref name="normalisation"/>, added to the tape's parameter gradients.
    /// </summary>
    public double AddGradient(EventSample sample, ReadOnlySpan<int> events, Func<int, double[]> condition, Func<int, int>? mirror, float normalisation)
    {
        _batch.Fill(sample, events, condition, mirror);
        return AddGradient(_batch, events.Length, normalisation);
    }

    /// <summary>The same for a batch that is filled already.</summary>
    public double AddGradient(FlowBatch batch, int events, float normalisation)
    {
        ArgumentNullException.ThrowIfNull(batch);
        double sum = 0;
        for (var e = 0; e < events; e++)
        {
            sum += batch.LogDerivative[e];
        }

        foreach (var slot in batch.Slots)
        {
            if (slot.Count == 0)
            {
                continue;
            }

            var g = network.Trunk(Tape, slot.Slot, Tape.Constant(slot.Inputs), dropout);
            foreach (var coordinate in ObjectFlowNetwork.CoordinatesOf(slot.Slot))
            {
                var further = slot.FurtherInputs(coordinate);
                var theta = network.Head(Tape, slot.Slot, coordinate, g, further is null ? null : Tape.Constant(further));
                var y = slot.Targets[(int)coordinate];
                sum += network.IsCircular(slot.Slot, coordinate)
                    ? DensityLikelihood.Apply(Tape, network.AzimuthDensity, theta, slot.AzimuthFields, y, slot.AzimuthWeight, normalisation)
                    : DensityLikelihood.Apply(Tape, network.Spline, theta, y, normalisation);
            }
        }

        Tape.Backward();
        Tape.Reset();
        return sum;
    }
}

using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.ObjectFlow;

/// <summary>log q(kinematics | counts, condition) of events: the flow's density before the validity filter. For one thread.</summary>
public sealed class ObjectFlowDensity(ObjectFlowNetwork network, EventCoordinates coordinates)
{
    private readonly FlowBatch _batch = new(coordinates, network.Hyperparameters.ConditionInputs);
    private readonly ObjectFlowNetwork.Workspace _work = new();
    private float[] _logDerivative = [];
    private float[] _u = [];

    /// <summary>Fills <paramref name="logDensity"/>, one value an event.</summary>
    public void Evaluate(EventSample sample, ReadOnlySpan<int> events, Func<int, double[]> condition, Span<double> logDensity)
    {
        _batch.Fill(sample, events, condition, mirror: null);
        _batch.LogDerivative.AsSpan(0, events.Length).CopyTo(logDensity);
        foreach (var slot in _batch.Slots)
        {
            if (slot.Count == 0)
            {
                continue;
            }

            if (_u.Length < slot.Count)
            {
                _u = new float[slot.Count];
                _logDerivative = new float[slot.Count];
            }

            network.Trunk(_work, slot.Slot, slot.Inputs);
            foreach (var coordinate in ObjectFlowNetwork.CoordinatesOf(slot.Slot))
            {
                Add(slot, coordinate, logDensity);
            }
        }
    }

    private void Add(SlotBatch slot, Coordinate coordinate, Span<double> logDensity)
    {
        var n = slot.Count;
        var theta = network.Head(_work, slot.Slot, coordinate, slot.FurtherInputs(coordinate));
        var y = slot.Targets[(int)coordinate].AsSpan(0, n);
        if (network.IsCircular(slot.Slot, coordinate))
        {
            network.AzimuthDensity.LogDensity(theta.Span, n, slot.AzimuthFields.Span, y, _logDerivative.AsSpan(0, n));
        }
        else
        {
            network.Spline.Forward(theta.Span, n, y, _u.AsSpan(0, n), _logDerivative.AsSpan(0, n));
        }

        for (var i = 0; i < n; i++)
        {
            if (coordinate != Coordinate.Azimuth || slot.AzimuthWeight[i] != 0)
            {
                logDensity[slot.Event[i]] += _logDerivative[i];
            }
        }
    }
}

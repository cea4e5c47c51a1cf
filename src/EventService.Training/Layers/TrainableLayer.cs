using EventService.Engine.Autodiff;
using EventService.Models.Flows.Layers;

namespace EventService.Training.Layers;

/// <summary>
/// A layer of a flow while it is trained: float32, on a tape, events in columns. What it becomes once trained is a <see cref="FlowLayer"/>,
/// the one form in which flows are stored, sampled and asked for densities.
/// </summary>
public abstract class TrainableLayer
{
    /// <summary>y = f(x), [D, n]; adds log |det df/dx| of all events to the pass.</summary>
    public abstract Variable Forward(FlowPass pass, Variable x);

    /// <summary>The layer with its present parameters.</summary>
    public abstract FlowLayer Export();

    /// <summary>Sets parameters that are not drawn at random, after those that are.</summary>
    public virtual void Initialise()
    {
    }

    /// <summary>Sets parameters from the first events that it sees, [D, n], in the base's direction; before the first step only.</summary>
    public virtual void InitialiseFrom(Variable x)
    {
    }

    /// <summary>Takes in the statistics of the shards of one step, in their order.</summary>
    public virtual void Absorb(IReadOnlyList<ShardStatistics> shards)
    {
    }
}

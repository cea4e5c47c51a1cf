using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows;
using EventService.Models.Flows.Networks;
using EventService.Models.Tables;

namespace EventService.Training.Layers;

/// <summary>The network of a <see cref="FlowRefinement"/> while it is trained: one logit an event.</summary>
internal sealed class TrainableLogit
{
    private readonly TrainableConditioner _hidden;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    /// <param name="features">D.</param>
    /// <param name="sizes">Kind and size of the network.</param>
    /// <param name="seed">The seed of the start.</param>
    public TrainableLogit(int features, ConditionerSizes sizes, ulong seed)
    {
        _hidden = new TrainableConditioner(Parameters, "", features, sizes, masked: false);
        _weight = Parameters.Add("output.weight", 1, sizes.Width);
        _bias = Parameters.Add("output.bias", 1, 1);
        StartingWeights.Draw(Parameters.Parameters, seed);
    }

    public ParameterSet Parameters { get; } = new();

    /// <summary>Logits [1, n] of events [D, n].</summary>
    public Variable Forward(Tape tape, Tensor events) =>
        Linear.Apply(tape, tape[_bias], tape[_weight], _hidden.Hidden(new FlowPass(tape, 1, training: false), Tape.Constant(events)));

    /// <summary>The network with its present parameters.</summary>
    public ConditionerNetwork Export() =>
        _hidden.Export(new DenseMap(1, _weight.Value.Columns, [.. _weight.Value.Span.ToArray().Select(w => (double)w)], [_bias.Value.Span[0]]));
}

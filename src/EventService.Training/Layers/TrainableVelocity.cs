using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Networks;

namespace EventService.Training.Layers;

/// <summary>A <see cref="VelocityField"/> while it is trained.</summary>
internal sealed class TrainableVelocity
{
    /// <summary>The prefix of the parameters' names.</summary>
    public const string Prefix = "velocity.";

    private readonly int _features;
    private readonly int _legs;
    private readonly int _frequencies;
    private readonly TrainableConditioner _conditioner;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    /// <param name="parameters">Takes the parameters, with their start.</param>
    /// <param name="features">D.</param>
    /// <param name="legs">Legs of the path.</param>
    /// <param name="frequencies">K of the time embedding.</param>
    /// <param name="sizes">Kind and size of the network, with the conditions of its gates.</param>
    /// <param name="seed">The seed of the start.</param>
    public TrainableVelocity(ParameterSet parameters, int features, int legs, int frequencies, ConditionerSizes sizes, ulong seed)
    {
        (_features, _legs, _frequencies) = (features, legs, frequencies);
        _conditioner = new TrainableConditioner(parameters, Prefix, VelocityField.InputsOf(features, legs, frequencies), sizes, masked: false);
        _weight = parameters.Add($"{Prefix}output.weight", features, sizes.Width);
        _bias = parameters.Add($"{Prefix}output.bias", features, 1);
        StartingWeights.Draw(parameters.Parameters.Where(p => p.Name.StartsWith(Prefix, StringComparison.Ordinal)), seed);
    }

    /// <summary>v [D, n] of inputs [Inputs, n].</summary>
    public Variable Apply(FlowPass pass, Tensor inputs) => Linear.Apply(pass.Tape, pass.Tape[_bias], pass.Tape[_weight], _conditioner.Hidden(pass, Tape.Constant(inputs)));

    /// <summary>The field with its present parameters.</summary>
    public VelocityField Export()
    {
        static double[] Doubles(Parameter parameter) => Array.ConvertAll(parameter.Value.Span.ToArray(), v => (double)v);
        return new VelocityField(_features, _legs, _frequencies, _conditioner.Export(new DenseMap(_features, _weight.Value.Columns, Doubles(_weight), Doubles(_bias))));
    }
}

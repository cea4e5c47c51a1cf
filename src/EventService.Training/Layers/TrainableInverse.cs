using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Layers;

namespace EventService.Training.Layers;

/// <summary>
/// An <see cref="InverseAutoregressiveLayer"/> while it is trained: the features of z follow one after another, each by a pass of the
/// network over those before it, and gradients go through all passes. D times the work of an autoregressive layer.
/// </summary>
public sealed class TrainableInverse : TrainableLayer
{
    private readonly int _features;
    private readonly TrainableConditional _inner;

    public TrainableInverse(ParameterSet parameters, string name, int features, ConditionerSizes sizes, TrainableMap map)
    {
        _features = features;
        _inner = TrainableConditional.Autoregressive(parameters, name, features, sizes, map);
    }

    public override Variable Forward(FlowPass pass, Variable x)
    {
        ArgumentNullException.ThrowIfNull(pass);
        var unknown = pass.Tape.Rent(_features, x.Columns);
        unknown.Span.Clear();
        var rest = Tape.Constant(unknown);
        List<Variable> z = [];
        for (var f = 0; f < _features; f++)
        {
            var known = Rows.Concat(pass.Tape, [.. z, Rows.Slice(pass.Tape, rest, f, _features - f)]);
            z.Add(_inner.ForwardOne(pass, f, known, Rows.Slice(pass.Tape, x, f, 1)));
        }

        return Rows.Concat(pass.Tape, [.. z]);
    }

    public override void Initialise() => _inner.Initialise();

    public override FlowLayer Export() => _inner.ExportInverse();
}

using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Numerics.Functions;
using EventService.Training.Families;

namespace EventService.Training.Layers;

/// <summary>
/// y = L U x + b while it is trained: L lower triangular with ones on its diagonal, U upper triangular with the diagonal e^s, so that
/// log |det| = sum of s (Kingma and Dhariwal, "Glow", NeurIPS 2018, arXiv:1807.03039, eqs. 10-11). Starts as the identity.
/// </summary>
public sealed class TrainableLu : TrainableLayer
{
    private readonly int _features;
    private readonly Parameter _lower;
    private readonly Parameter _upper;
    private readonly Parameter _logDiagonal;
    private readonly Parameter _shift;
    private readonly Tensor _lowerMask;
    private readonly Tensor _upperMask;
    private readonly Tensor _identity;

    public TrainableLu(ParameterSet parameters, string name, int features)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _features = features;
        _lower = parameters.Add(name + "lower", features, features);
        _upper = parameters.Add(name + "upper", features, features);
        _logDiagonal = parameters.Add(name + "diagonal.bias", features, 1);
        _shift = parameters.Add(name + "bias", features, 1);
        (_lowerMask, _upperMask, _identity) = (new Tensor(features, features), new Tensor(features, features), new Tensor(features, features));
        for (var r = 0; r < features; r++)
        {
            for (var c = 0; c < features; c++)
            {
                (r > c ? _lowerMask : r < c ? _upperMask : _identity)[r, c] = 1;
            }
        }
    }

    public override Variable Forward(FlowPass pass, Variable x)
    {
        ArgumentNullException.ThrowIfNull(pass);
        var tape = pass.Tape;
        var lower = Elementwise.Add(tape, Elementwise.Multiply(tape, tape[_lower], Tape.Constant(_lowerMask)), Tape.Constant(_identity));
        var upper = Elementwise.Add(tape, Elementwise.Multiply(tape, tape[_upper], Tape.Constant(_upperMask)), Diagonal.Of(tape, Elementwise.Exp(tape, tape[_logDiagonal])));
        var s = tape[_logDiagonal];
        foreach (var value in s.Value.Span)
        {
            pass.LogLikelihood += (double)value * x.Columns;
        }

        var lanes = x.Columns;
        tape.Record(() =>
        {
            foreach (ref var gradient in s.Gradient!.Span)
            {
                gradient += pass.Scale * lanes;
            }
        });
        return Linear.Apply(tape, tape[_shift], lower, MatrixProduct.Apply(tape, upper, x));
    }

    public override FlowLayer Export()
    {
        var (lower, upper) = (new double[_features * _features], new double[_features * _features]);
        for (var r = 0; r < _features; r++)
        {
            for (var c = 0; c < _features; c++)
            {
                var at = (r * _features) + c;
                lower[at] = r > c ? _lower.Value[r, c] : r == c ? 1 : 0;
                upper[at] = r < c ? _upper.Value[r, c] : r == c ? Exp.Of((double)_logDiagonal.Value[r, 0]) : 0;
            }
        }

        return new LuLinearLayer(lower, upper, [.. _shift.Value.Span.ToArray().Select(b => (double)b)]);
    }
}

using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;

namespace EventService.Engine.Tests.Autodiff;

/// <summary>An operation on the tape, from its inputs to its result.</summary>
internal delegate Variable TapeOperation(Tape tape, Variable[] inputs);

/// <summary>
/// Gradients of an operation in three ways: as the tape gives them, by finite differences, and with some inputs constant. The loss is a
/// random projection of the result, sum of r y, taken in double.
/// </summary>
internal sealed class GradientCheck
{
    private readonly TapeOperation _operation;
    private readonly ParameterSet _parameters = new();
    private readonly Tape _tape;

    public GradientCheck(TapeOperation operation, params Tensor[] inputs)
    {
        _operation = operation;
        foreach (var input in inputs)
        {
            input.Span.CopyTo(_parameters.Add($"input {_parameters.Parameters.Count}", input.Rows, input.Columns).Value.Span);
        }

        _tape = new Tape(_parameters);
    }

    public int Inputs => _parameters.Parameters.Count;

    /// <summary>Random numbers from low to high.</summary>
    public static Tensor Draw(int rows, int columns, float low, float high, ulong seed)
    {
        var stream = new PhiloxStream(21, seed);
        var x = new Tensor(rows, columns);
        foreach (ref var element in x.Span)
        {
            element = low + ((high - low) * stream.NextFloat());
        }

        return x;
    }

    /// <summary>
    /// Fourth-order central differences (8 (L(h) - L(-h)) - (L(2h) - L(-2h))) / 12 h of the float forward: with h = 2^-5 truncation is
    /// h^4 / 30 = 3e-8 of the fifth derivative, and the forward's roundings, some 1e-7, are divided by h.
    /// </summary>
    public void AgreesWithFiniteDifferences(double tolerance = 1e-4, float h = 1f / 32)
    {
        var found = Gradients();
        for (var p = 0; p < Inputs; p++)
        {
            var x = _parameters.Parameters[p].Value;
            for (var i = 0; i < x.Length; i++)
            {
                var at = x.Span[i];
                var near = LossAt(at + h) - LossAt(at - h);
                var far = LossAt(at + (2 * h)) - LossAt(at - (2 * h));
                x.Span[i] = at;
                var expected = ((8 * near) - far) / (12 * h);
                Assert.True(
                    Math.Abs(expected - found[p][i]) <= tolerance * (1 + Math.Abs(expected)),
                    $"input {p}, element {i} at {at:G9}: gradient {found[p][i]:G9}, finite differences {expected:G9}");

                double LossAt(float value)
                {
                    x.Span[i] = value;
                    return Loss();
                }
            }
        }
    }

    /// <summary>Gradients of all inputs, from zero, on a tape that has been used before if this has been called before.</summary>
    public float[][] Gradients()
    {
        _tape.ClearGradients();
        return Accumulate();
    }

    /// <summary>Gradients of all inputs, on top of what is there.</summary>
    public float[][] Accumulate()
    {
        Run(_ => false);
        return [.. _tape.Parameters.Select(v => v.Gradient!.Span.ToArray())];
    }

    /// <summary>Gradients with those inputs as constants that the function picks; their gradients stay zero.</summary>
    public float[][] GradientsWithConstants(Func<int, bool> isConstant)
    {
        _tape.ClearGradients();
        Run(isConstant);
        return [.. _tape.Parameters.Select(v => v.Gradient!.Span.ToArray())];
    }

    /// <summary>The result's elements.</summary>
    public float[] Value()
    {
        var y = _operation(_tape, [.. _tape.Parameters]).Value.Span.ToArray();
        _tape.Reset();
        return y;
    }

    private void Run(Func<int, bool> isConstant)
    {
        var y = _operation(_tape, [.. _tape.Parameters.Select((v, i) => isConstant(i) ? Tape.Constant(v.Value) : v)]);
        if (y.Gradient is not null)
        {
            Projection(y.Value.Length).CopyTo(y.Gradient.Span);
        }

        _tape.Backward();
        _tape.Reset();
    }

    private double Loss()
    {
        var y = Value();
        return Projection(y.Length).Zip(y).Sum(p => (double)p.First * p.Second);
    }

    private static float[] Projection(int length) => Draw(1, length, -1, 1, 99).Span.ToArray();
}

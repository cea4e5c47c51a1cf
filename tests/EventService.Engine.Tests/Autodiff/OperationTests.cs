using System.Runtime.InteropServices;

using EventService.Engine.Autodiff;
using EventService.Engine.Kernels;
using EventService.Engine.Tensors;
using EventService.Engine.Tests.Kernels;

namespace EventService.Engine.Tests.Autodiff;

/// <summary>One suite for all operations of the tape; a new one joins the list.</summary>
[Collection(KernelSetCollection.Name)]
public sealed class OperationTests
{
    private static readonly RationalQuadraticSpline s_spline = new(4, false);

    private static readonly Dictionary<string, Func<GradientCheck>> s_operations = new()
    {
        ["add"] = () => Binary(Elementwise.Add),
        ["subtract"] = () => Binary(Elementwise.Subtract),
        ["multiply"] = () => Binary(Elementwise.Multiply),
        ["multiply by itself"] = () => new((tape, v) => Elementwise.Multiply(tape, v[0], v[0]), Draw(3, 7, 1)),
        ["scale"] = () => Unary((tape, x) => Elementwise.Scale(tape, x, -1.75f)),
        ["exp"] = () => Unary(Elementwise.Exp),
        ["log"] = () => new((tape, v) => Elementwise.Log(tape, v[0]), GradientCheck.Draw(3, 7, 0.75f, 4, 1)),
        ["softplus"] = () => Unary(Elementwise.Softplus),
        ["sigmoid"] = () => Unary(Elementwise.Sigmoid),
        ["tanh"] = () => Unary(Elementwise.Tanh),
        ["relu"] = () => Kinked(Elementwise.Relu),
        ["leaky relu"] = () => Kinked((tape, x) => Elementwise.LeakyRelu(tape, x, 0.2f)),
        ["elu"] = () => Kinked((tape, x) => Elementwise.Elu(tape, x, 0.7f)),
        ["gelu"] = () => Unary(Elementwise.Gelu),
        ["softmax"] = () => Unary(Softmax.Apply),
        ["matrix product"] = () => new((tape, v) => MatrixProduct.Apply(tape, v[0], v[1]), Draw(4, 5, 1), Draw(5, 9, 2)),
        ["linear"] = () => new((tape, v) => Linear.Apply(tape, v[0], v[1], v[2]), Draw(4, 1, 1), Draw(4, 3, 2), Draw(3, 9, 3)),
        ["linear of two terms"] = () => new(
            (tape, v) => Linear.Apply(
                tape, v[0], (v[1], v[2]), (v[3], v[4])), Draw(4, 1, 1), Draw(4, 3, 2), Draw(3, 9, 3), Draw(4, 2, 4), Draw(2, 9, 5)),
        ["masked linear"] = () => new(
            (tape, v) => MaskedLinear.Apply(tape, v[0], v[1], Mask(4, 3), v[2]), Draw(4, 1, 1), Draw(4, 3, 2), Draw(3, 9, 3)),
        ["concat"] = () => new((tape, v) => Rows.Concat(tape, v), Draw(1, 5, 1), Draw(3, 5, 2), Draw(2, 5, 3)),
        ["concat with itself"] = () => new((tape, v) => Rows.Concat(tape, v[0], v[0]), Draw(2, 5, 1)),
        ["slice"] = () => Unary((tape, x) => Rows.Slice(tape, x, 1, 2)),
        ["sum"] = () => Unary(Reduction.Sum),
        ["mean"] = () => Unary(Reduction.Mean),
        ["dropout"] = () =>
        {
            var dropout = new Dropout(0.3, 5);
            return Unary((tape, x) =>
            {
                dropout.Start(2);   // the same masks in every evaluation
                return dropout.Apply(tape, x);
            });
        },
        ["spline log-derivative"] = () =>
        {
            // Points in the middle of their bins: across a knot the gradient jumps.
            var theta = GradientCheck.Draw(s_spline.ParameterCount, 9, -0.6f, 0.6f, 1);
            var x = new Tensor(1, 9);
            for (var lane = 0; lane < 9; lane++)
            {
                var oracle = new SplineOracle(s_spline, [.. Enumerable.Range(0, theta.Rows).Select(j => (double)theta[j, lane])]);
                x[0, lane] = (float)oracle.Within(lane % s_spline.Bins, 0.4);
            }

            return new((tape, v) => SplineLogDerivative.Apply(tape, s_spline, v[0], x), theta);
        },
        ["a small network"] = () => new(
            (tape, v) =>
            {
                var h = Elementwise.Gelu(tape, Linear.Apply(tape, v[0], v[1], v[2]));
                var both = Rows.Concat(tape, h, v[2]);
                return Reduction.Mean(tape, Softmax.Apply(tape, Elementwise.Add(tape, both, Elementwise.Tanh(tape, both))));
            },
            Draw(4, 1, 1), Draw(4, 3, 2), Draw(3, 9, 3)),
    };

    public static TheoryData<string> Operations() => new(s_operations.Keys);

    [Theory]
    [MemberData(nameof(Operations))]
    public void Backward_AgainstFiniteDifferences_Agrees(string name) => s_operations[name]().AgreesWithFiniteDifferences();

    [Theory]
    [MemberData(nameof(Operations))]
    public void Backward_ConstantInputs_LeavesTheOtherGradientsAsTheyAre(string name)
    {
        var check = s_operations[name]();
        var all = check.Gradients();
        for (var set = 1; set < 1 << check.Inputs; set++)
        {
            var some = check.GradientsWithConstants(i => (set >> i & 1) == 1);
            for (var i = 0; i < check.Inputs; i++)
            {
                Assert.Equal((set >> i & 1) == 1 ? new float[all[i].Length] : all[i], some[i]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Backward_TapeUsedBefore_GivesTheSameBits(string name)
    {
        var check = s_operations[name]();
        var first = check.Gradients();

        Assert.Equal(first, check.Gradients());
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Backward_WithoutClearing_AddsToTheGradients(string name)
    {
        var check = s_operations[name]();
        var once = check.Gradients();
        var twice = check.Accumulate();

        // To roundings: the second sum starts from the first, not from zero.
        Assert.All(once.Zip(twice), p => Assert.All(p.First.Zip(p.Second), e => Assert.Equal(2 * e.First, e.Second, 2e-6)));
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void ForwardAndBackward_EveryPath_GivesTheBitsOfTheScalarPath(string name)
    {
        float[] value;
        float[][] gradients;
        var check = s_operations[name]();
        using (new ForcedPath(VectorPath.Scalar))
        {
            value = check.Value();
            gradients = check.Gradients();
        }

        foreach (var path in Enum.GetValues<VectorPath>())
        {
            using var forced = new ForcedPath(path);
            Assert.Equal(Bits(value), Bits(check.Value()));
            Assert.Equal(gradients.Select(Bits), check.Gradients().Select(Bits));
        }
    }

    [Fact]
    public void MaskedLinear_MaskedWeight_HasNoGradientAndNoEffect()
    {
        Tensor mask = Mask(4, 3), bias = Draw(4, 1, 1), weight = Draw(4, 3, 2), x = Draw(3, 9, 3);
        var check = new GradientCheck((tape, v) => MaskedLinear.Apply(tape, v[0], v[1], mask, v[2]), bias, weight, x);
        var gradient = check.Gradients()[1];
        var value = check.Value();
        for (var i = 0; i < mask.Length; i++)
        {
            if (mask.Span[i] == 0)
            {
                Assert.Equal(0, gradient[i]);
                weight.Span[i] = 1000;
            }
        }

        Assert.Equal(value, new GradientCheck((tape, v) => MaskedLinear.Apply(tape, v[0], v[1], mask, v[2]), bias, weight, x).Value());
    }

    [Fact]
    public void Elementwise_ShapesOfEqualLengthThatDiffer_SaysBoth()
    {
        var tape = new Tape(new ParameterSet());

        var e = Assert.Throws<ArgumentException>(
            () => Elementwise.Add(tape, Tape.Constant(new Tensor(2, 3)), Tape.Constant(new Tensor(3, 2))));

        Assert.StartsWith("Operands are Tensor [2, 3] and Tensor [3, 2], expected equal shapes.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryOperation_ShapesThatDoNotFit_Throws()
    {
        var tape = new Tape(new ParameterSet());
        Variable a = Tape.Constant(new Tensor(2, 3)), b = Tape.Constant(new Tensor(2, 4)), empty = Tape.Constant(new Tensor(0, 3));

        Assert.Throws<ArgumentException>(() => MatrixProduct.Apply(tape, a, b));
        Assert.Throws<ArgumentException>(() => Linear.Apply(tape, a, b, a));
        Assert.Throws<ArgumentException>(() => Linear.Apply(tape, Tape.Constant(new Tensor(2, 1))));
        Assert.Throws<ArgumentException>(() => Rows.Concat(tape, a, b));
        Assert.Throws<ArgumentException>(() => Rows.Concat(tape));
        Assert.Throws<ArgumentOutOfRangeException>(() => Rows.Slice(tape, a, 1, 2));
        Assert.Throws<ArgumentException>(() => Reduction.Mean(tape, empty));
        Assert.Throws<ArgumentException>(() => SplineLogDerivative.Apply(tape, s_spline, a, new Tensor(1, 3)));
    }

    private static GradientCheck Unary(Func<Tape, Variable, Variable> operation) => new((tape, v) => operation(tape, v[0]), Draw(3, 7, 1));

    private static GradientCheck Binary(Func<Tape, Variable, Variable, Variable> operation) =>
        new((tape, v) => operation(tape, v[0], v[1]), Draw(3, 7, 1), Draw(3, 7, 2));

    // Nothing within 0.1 of zero, where finite differences would step over the kink.
    private static GradientCheck Kinked(Func<Tape, Variable, Variable> operation)
    {
        var x = Draw(3, 7, 1);
        foreach (ref var element in x.Span)
        {
            element += element < 0 ? -0.1f : 0.1f;
        }

        return new((tape, v) => operation(tape, v[0]), x);
    }

    private static Tensor Draw(int rows, int columns, ulong seed) => GradientCheck.Draw(rows, columns, -1.5f, 1.5f, seed);

    private static Tensor Mask(int rows, int columns)
    {
        var mask = new Tensor(rows, columns);
        for (var i = 0; i < mask.Length; i++)
        {
            mask.Span[i] = i % 3 == 1 ? 0 : 1;
        }

        return mask;
    }

    private static int[] Bits(float[] x) => MemoryMarshal.Cast<float, int>(x).ToArray();
}

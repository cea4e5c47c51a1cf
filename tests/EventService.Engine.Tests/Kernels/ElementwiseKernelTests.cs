using EventService.Engine.Kernels;
using EventService.Engine.Tests.Functions;
using EventService.Numerics.Functions;

namespace EventService.Engine.Tests.Kernels;

/// <summary>One suite for all elementwise kernels: lengths, widths, gradients.</summary>
[Collection(KernelSetCollection.Name)]
public sealed class ElementwiseKernelTests
{
    /// <param name="Kernel">The kernel under test.</param>
    /// <param name="Definition">One lane.</param>
    /// <param name="Exact">The same function in double, for finite differences.</param>
    /// <param name="Lowest">Lower end of the domain.</param>
    private sealed record Case(ElementwiseKernel Kernel, Func<float, float> Definition, Func<double, double> Exact, double Lowest = -6);

    private static readonly Dictionary<string, Case> s_kernels = new()
    {
        ["exp"] = new(ElementwiseKernel.Exp, Exp.Of, Exp.Of),
        ["log"] = new(ElementwiseKernel.Log, Log.Of, Log.Of, 0.01),
        ["softplus"] = new(ElementwiseKernel.Softplus, Softplus.Of, Softplus.Of),
        ["sigmoid"] = new(ElementwiseKernel.Sigmoid, Sigmoid.Of, Sigmoid.Of),
        ["tanh"] = new(ElementwiseKernel.Tanh, Tanh.Of, Tanh.Of),
        ["relu"] = new(ElementwiseKernel.Relu, x => 0 > x ? 0 : x, x => Math.Max(x, 0)),
        ["leaky relu"] = new(ElementwiseKernel.LeakyRelu(0.2f), x => x > 0 ? x : 0.2f * x, x => x > 0 ? x : 0.2f * x),
        ["elu"] = new(ElementwiseKernel.Elu(0.7f), x => Elu.Of(x, 0.7f), x => Elu.Of(x, 0.7f)),
        ["gelu"] = new(ElementwiseKernel.Gelu, Gelu.Of, Gelu.Of),
        ["soft clip"] = new(
            ElementwiseKernel.SoftClip(4),
            x => x / MathF.FusedMultiplyAdd(Math.Abs(x), 0.25f, 1),
            x => x / (1 + (Math.Abs(x) / 4))),
    };

    private static readonly float[] s_values =
    [
        0f, -0f, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.Epsilon, -float.Epsilon, 1e-38f, -1e-38f,
        1f, -1f, 88.7f, -88.7f, 104f, -104f, float.MaxValue, float.MinValue, 0.3f, -0.3f, 5f,
    ];

    public static TheoryData<string, VectorPath> Cases()
    {
        var cases = new TheoryData<string, VectorPath>();
        foreach (var name in s_kernels.Keys)
        {
            foreach (var path in Enum.GetValues<VectorPath>())
            {
                cases.Add(name, path);
            }
        }

        return cases;
    }

    private static IEnumerable<int> Lengths(VectorPath path)
    {
        var width = path switch { VectorPath.V128 => 4, VectorPath.V256 => 8, VectorPath.V512 => 16, _ => 1 };
        return [0, 1, width - 1, width, width + 1, (3 * width) + 2];
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_EveryLengthAndPath_GivesTheBitsOfTheDefinition(string name, VectorPath path)
    {
        using var forced = new ForcedPath(path);
        var (kernel, definition, exact, lowest) = s_kernels[name];
        foreach (var length in Lengths(path))
        {
            for (var shift = 0; shift < s_values.Length; shift++)
            {
                var x = Rotated(length, shift);
                var y = new float[length + 1];
                y[length] = 77;

                kernel.Forward(x, y.AsSpan(0, length));

                Assert.All(x.Zip(y), p => Assert.True(Ulp.Same(definition(p.First), p.Second), $"{name}({p.First:G9}) = {p.Second:G9}"));
                Assert.Equal(77, y[length]);

                kernel.Forward(x, x); // in place
                Assert.All(x.Zip(y), p => Assert.True(Ulp.Same(p.First, p.Second)));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Backward_EveryLengthAndPath_GivesTheBitsOfTheScalarPath(string name, VectorPath path)
    {
        var (kernel, definition, exact, lowest) = s_kernels[name];
        foreach (var length in Lengths(path))
        {
            for (var shift = 0; shift < s_values.Length; shift++)
            {
                var x = Rotated(length, shift);
                var y = x.Select(definition).ToArray();
                var dy = x.Select((_, i) => 0.5f - (0.1f * i)).ToArray();
                float[] expected = [.. x.Select((_, i) => 0.25f * i)], found = [.. expected, 77];
                using (new ForcedPath(VectorPath.Scalar))
                {
                    kernel.Backward(x, y, dy, expected);
                }

                using (new ForcedPath(path))
                {
                    kernel.Backward(x, y, dy, found.AsSpan(0, length));
                }

                Assert.All(
                    expected.Zip(found),
                    p => Assert.True(Ulp.Same(p.First, p.Second), $"{name}: scalar {p.First:G9}, {path} {p.Second:G9}"));
                Assert.Equal(77, found[length]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Backward_AgainstFiniteDifferences_Agrees(string name, VectorPath path)
    {
        using var forced = new ForcedPath(path);
        var (kernel, definition, exact, lowest) = s_kernels[name];
        const int n = 201;
        var x = Enumerable.Range(0, n).Select(i => (float)(lowest + ((6 - lowest) * (i + 0.3) / n))).ToArray();
        float[] y = new float[n], dy = [.. x.Select((_, i) => 1 + (0.01f * i))], dx = new float[n];
        Array.Fill(dx, 3f);
        kernel.Forward(x, y);

        kernel.Backward(x, y, dy, dx);

        const double h = 1e-6;
        for (var i = 0; i < n; i++)
        {
            var slope = (exact(x[i] + h) - exact(x[i] - h)) / (2 * h);
            var tolerance = 2e-6 * (3 + Math.Abs(dy[i] * slope));
            Assert.True(
                Math.Abs(dx[i] - (3 + (dy[i] * slope))) < tolerance,
                $"{name}'({x[i]:G9}): dx {dx[i]:G9}, expected {3 + (dy[i] * slope):G9}");
        }
    }

    [Fact]
    public void Forward_LengthsDiffer_SaysBoth()
    {
        var e = Assert.Throws<ArgumentException>(() => ElementwiseKernel.Exp.Forward(new float[4], new float[3]));

        Assert.StartsWith("y has 3 elements, expected 4, as many as x.", e.Message, StringComparison.Ordinal);
    }

    private static float[] Rotated(int length, int shift) =>
        [.. Enumerable.Range(0, length).Select(i => s_values[(i + shift) % s_values.Length])];
}

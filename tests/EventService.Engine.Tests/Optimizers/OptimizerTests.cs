using System.Text.Json;

using EventService.Engine.Kernels;
using EventService.Engine.Optimizers;
using EventService.Engine.Tensors;
using EventService.Engine.Tests.Kernels;

namespace EventService.Engine.Tests.Optimizers;

/// <summary>
/// One suite for all optimizers. Reference: PyTorch 1.13 in double precision, TestData/Optimizers/optimizer_reference.json.
/// </summary>
[Collection(KernelSetCollection.Name)]
public sealed class OptimizerTests
{
    private static readonly JsonElement s_reference = JsonDocument.Parse(
        File.ReadAllText(TestFiles.Path("Optimizers", "optimizer_reference.json"))).RootElement;

    private static readonly Dictionary<string, (float Rate, Func<ParameterSet, Optimizer> Make)> s_optimizers = new()
    {
        ["sgd"] = (0.05f, p => new Sgd(p, new SgdOptions())),
        ["sgd momentum"] = (0.05f, p => new Sgd(p, new SgdOptions { Momentum = 0.9f, WeightDecay = 0.01f })),
        ["sgd nesterov"] = (0.05f, p => new Sgd(p, new SgdOptions { Momentum = 0.8f, Nesterov = true })),
        ["adam"] = (0.01f, p => new Adam(p, new AdamOptions())),
        ["adam l2"] = (0.01f, p => new Adam(p, new AdamOptions { Beta1 = 0.8f, Beta2 = 0.95f, Epsilon = 1e-6f, WeightDecay = 0.1f })),
        ["adamw"] = (0.01f, p => new AdamW(p, new AdamWOptions { WeightDecay = 0.1f })),
    };

    public static TheoryData<string, VectorPath> Cases()
    {
        var cases = new TheoryData<string, VectorPath>();
        foreach (var name in s_optimizers.Keys)
        {
            foreach (var path in Enum.GetValues<VectorPath>())
            {
                cases.Add(name, path);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Update_FiveSteps_AgreesWithPyTorch(string name, VectorPath path)
    {
        using var forced = new ForcedPath(path);
        var start = Floats(s_reference.GetProperty("start"));
        var parameters = new ParameterSet();
        var w = parameters.Add("layer.weight", 1, start.Length);
        start.CopyTo(w.Value.Span);
        var (rate, make) = s_optimizers[name];
        var optimizer = make(parameters);
        var step = 0;
        foreach (var gradient in s_reference.GetProperty("gradients").EnumerateArray())
        {
            optimizer.Advance();
            optimizer.Update(w, Floats(gradient), rate);

            var expected = s_reference.GetProperty("optimizers")
                .GetProperty(name)[step++].EnumerateArray()
                .Select(e => e.GetDouble())
                .ToArray();
            for (var i = 0; i < expected.Length; i++)
            {
                // Float against double: a few roundings of the parameter and of the change in each step.
                Assert.Equal(expected[i], w.Value.Span[i], 4e-7 * step * (1 + Math.Abs(expected[i])));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Update_EveryLengthAndPath_GivesTheBitsOfTheScalarPath(string name, VectorPath path)
    {
        foreach (var length in (int[])[0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 50])
        {
            Assert.Equal(Run(VectorPath.Scalar), Run(path));

            uint[] Run(VectorPath on)
            {
                using var forced = new ForcedPath(on);
                var (parameters, optimizer) = New(name, length);
                Train(name, parameters, optimizer, 0, 4);
                return Bits(parameters, optimizer);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Restore_AfterThreeSteps_ContinuesWithTheSameBits(string name, VectorPath path)
    {
        using var forced = new ForcedPath(path);
        var (parameters, optimizer) = New(name, 21);
        Train(name, parameters, optimizer, 0, 3);
        var saved = optimizer.State.ToDictionary(s => s.Key, s => (float[])s.Value.Clone());
        var (resumed, other) = New(name, 21);
        for (var i = 0; i < 2; i++)
        {
            parameters.Parameters[i].Value.Span.CopyTo(resumed.Parameters[i].Value.Span);
        }

        other.Restore(optimizer.Step, saved);
        Train(name, parameters, optimizer, 3, 7);
        Train(name, resumed, other, 3, 7);

        Assert.Equal(7, other.Step);
        Assert.Equal(Bits(parameters, optimizer), Bits(resumed, other));
    }

    [Fact]
    public void Restore_StateOfAnotherModel_NamesTheArray()
    {
        var (_, optimizer) = New("adamw", 4);
        var state = optimizer.State.ToDictionary(s => s.Key, s => s.Value);
        state["v/layer.bias"] = new float[3];

        var e = Assert.Throws<ArgumentException>(() => optimizer.Restore(1, state));

        Assert.StartsWith("Optimizer state 'v/layer.bias': found 3 floats, expected 4.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AdamW_Biases_AreNotDecayed()
    {
        var parameters = new ParameterSet();
        Parameter weight = parameters.Add("layer.weight", 1, 1), bias = parameters.Add("layer.bias", 1, 1);
        weight.Value[0, 0] = bias.Value[0, 0] = 2;
        var optimizer = new AdamW(parameters, new AdamWOptions { WeightDecay = 0.5f });

        optimizer.Advance();
        optimizer.Update(weight, [0], 0.1f);
        optimizer.Update(bias, [0], 0.1f);

        Assert.Equal(2 - (0.1f * 0.5f * 2), weight.Value[0, 0]);
        Assert.Equal(2, bias.Value[0, 0]);
    }

    [Fact]
    public void Clipping_ByGlobalNorm_AgreesWithPyTorch()
    {
        var gradients = s_reference.GetProperty("gradients").EnumerateArray().Select(Floats).ToArray();
        var tensors = gradients.Select(g =>
        {
            var t = new Tensor(1, g.Length);
            g.CopyTo(t.Span);
            return t;
        });

        var norm = GradientClipping.GlobalNorm(tensors);
        var factor = GradientClipping.Factor(norm, 1.5);

        Assert.Equal(s_reference.GetProperty("norm").GetDouble(), norm, 1e-6 * norm);
        for (var t = 0; t < gradients.Length; t++)
        {
            var expected = s_reference.GetProperty("clipped")[t];
            for (var i = 0; i < gradients[t].Length; i++)
            {
                // PyTorch adds 1e-6 to the norm.
                Assert.Equal(expected[i].GetDouble(), gradients[t][i] * factor, 1e-6);
            }
        }
    }

    [Fact]
    public void Clipping_ShortGradient_IsLeftAlone() => Assert.Equal(1, GradientClipping.Factor(1.5, 1.5));

    [Fact]
    public void Clipping_GradientNotFinite_IsRefused() => Assert.Throws<ArgumentException>(() => GradientClipping.Factor(double.NaN, 1));

    private static (ParameterSet Parameters, Optimizer Optimizer) New(string name, int length)
    {
        var parameters = new ParameterSet();
        foreach (var p in (Parameter[])[parameters.Add("layer.weight", 1, length), parameters.Add("layer.bias", length, 1)])
        {
            for (var i = 0; i < length; i++)
            {
                p.Value.Span[i] = (0.37f * i) - 2 + p.Index;
            }
        }

        return (parameters, s_optimizers[name].Make(parameters));
    }

    private static void Train(string name, ParameterSet parameters, Optimizer optimizer, int from, int to)
    {
        for (var step = from; step < to; step++)
        {
            optimizer.Advance();
            foreach (var p in parameters.Parameters)
            {
                var gradient = Enumerable.Range(0, p.Value.Length).Select(i => ((7 * i) + (3 * step) + p.Index) % 11 / 4f - 1).ToArray();
                optimizer.Update(p, gradient, s_optimizers[name].Rate, 0.9f);
            }
        }
    }

    private static uint[] Bits(ParameterSet parameters, Optimizer optimizer) =>
        [
            .. parameters.Parameters.SelectMany(p => p.Value.Span.ToArray())
                .Concat(optimizer.State.SelectMany(s => s.Value))
                .Select(BitConverter.SingleToUInt32Bits),
        ];

    private static float[] Floats(JsonElement array) => [.. array.EnumerateArray().Select(e => (float)e.GetDouble())];
}

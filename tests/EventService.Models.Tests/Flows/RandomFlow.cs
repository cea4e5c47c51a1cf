using EventService.Engine.Random;
using EventService.Models.Columns;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Flows;

/// <summary>Flows with random weights, random orders of the features and random degrees of the hidden units.</summary>
internal sealed record RandomFlow(int Features, int Layers, int Hidden, int ResidualBlocks, bool Coupling, FlowActivation Activation, ScalarMap Map)
{
    /// <summary>A spline with tails, of eight bins.</summary>
    public static SplineScalarMap Spline { get; } =
        new() { Form = SplineForm.Softplus, Bins = 8, Low = -3, High = 3, Tails = SplineTails.Linear, MinimumWidth = 1e-3, MinimumHeight = 1e-3, MinimumDerivative = 1e-3 };

    /// <summary>The parameters depend on the side of the base distribution.</summary>
    public bool Inverse { get; init; }

    public IReadOnlyList<FlowLayer> Build()
    {
        var random = new PhiloxStream(17, (ulong)((Features * 1000) + Hidden));
        List<FlowLayer> layers = [];
        for (var l = 0; l < Layers; l++)
        {
            var layer = Conditional(ref random);
            layers.Add(Inverse ? new InverseAutoregressiveLayer(Features, layer.Network, Map) : layer);
            layers.Add(new PermutationLayer(Permutation(ref random)));
        }

        return layers;
    }

    public LayeredFlow Flow(IReadOnlyList<FlowLayer> layers) => new(
        new SampleSchema([.. Enumerable.Range(0, Features).Select(f => new ColumnSchema($"x{f}", "1", ""))], []),
        [.. Enumerable.Repeat(new ColumnPreprocessing([]), Features)],
        layers,
        FlowBase.StandardNormal(Features),
        new byte[32]);

    private ConditionalLayer Conditional(ref PhiloxStream random)
    {
        var order = Permutation(ref random);
        var conditioning = Coupling ? Features / 2 : 0;
        int[] inputs = Coupling ? order[..conditioning] : [.. Enumerable.Range(0, Features)], targets = Coupling ? order[conditioning..] : inputs;
        int[] degrees = Coupling ? new int[inputs.Length] : [.. order.Select(rank => rank + 1)], hidden = new int[Hidden];
        for (var u = 0; u < Hidden && !Coupling; u++)
        {
            hidden[u] = 1 + (int)random.NextBelow((uint)Features - 1);
        }

        int[] outputs = [.. targets.SelectMany((_, t) => Enumerable.Repeat(Coupling ? 0 : degrees[t] - 1, Map.ParameterCount))];
        List<ConditionerStep> steps = [new ConditionerStep.Dense(Dense(degrees, hidden, ref random))];
        for (var b = 0; b < ResidualBlocks; b++)
        {
            var first = Dense(hidden, hidden, ref random);
            steps.Add(new ConditionerStep.Residual(first, Dense(hidden, hidden, ref random), ActivatesInput: b % 2 == 0));
        }

        if (ResidualBlocks == 0)
        {
            steps.Add(new ConditionerStep.Activate());
            steps.Add(new ConditionerStep.Dense(Dense(hidden, hidden, ref random)));
            steps.Add(new ConditionerStep.Activate());
        }

        steps.Add(new ConditionerStep.Dense(Dense(hidden, outputs, ref random)));
        return new ConditionalLayer(Features, inputs, targets, new ConditionerNetwork(inputs.Length, Activation, steps), Map);
    }

    private int[] Permutation(ref PhiloxStream random)
    {
        int[] order = [.. Enumerable.Range(0, Features)];
        for (var i = Features - 1; i > 0; i--)
        {
            var j = (int)random.NextBelow((uint)i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    private static DenseMap Dense(int[] from, int[] to, ref PhiloxStream random)
    {
        double[] weights = new double[from.Length * to.Length], bias = new double[to.Length];
        for (var o = 0; o < to.Length; o++)
        {
            for (var i = 0; i < from.Length; i++)
            {
                weights[(o * from.Length) + i] = from[i] <= to[o] ? ((2 * random.NextDouble()) - 1) / Math.Sqrt(from.Length) : 0;
            }

            bias[o] = (2 * random.NextDouble()) - 1;
        }

        return new DenseMap(to.Length, from.Length, weights, bias);
    }
}

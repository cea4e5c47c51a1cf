using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.Models.Columns;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Benchmarks;

/// <summary>A flow of a family and size with random weights.</summary>
/// <param name="Name">Shown in reports.</param>
/// <param name="Coupling">Half of the features condition the others, in turn; else autoregressive.</param>
/// <param name="Features">D.</param>
/// <param name="Layers">Number of transforms, with the order reversed after each.</param>
/// <param name="Hidden">Units of a hidden layer.</param>
/// <param name="Blocks">Residual blocks of two hidden layers each; 0 for feed-forward with three hidden layers.</param>
/// <param name="Bins">Bins of rational-quadratic splines on [-3, 3]; 0 for affine maps.</param>
internal sealed record FlowCase(string Name, bool Coupling, int Features, int Layers, int Hidden, int Blocks, int Bins)
{
    public static readonly FlowCase[] All =
    [
        new("A-RQS of Experiment III: 66 features, 10 layers, 3 x 512, 8 bins", false, 66, 10, 512, 0, 8),
        new("A-RQS, 18 features, 10 layers, 3 x 128, 8 bins", false, 18, 10, 128, 0, 8),
        new("MAF, 18 features, 10 layers, 3 x 128", false, 18, 10, 128, 0, 0),
        new("A-RQS, residual, 18 features, 10 layers, 2 blocks of 128, 8 bins", false, 18, 10, 128, 2, 8),
        new("RQS coupling, residual, 18 features, 10 layers, 2 blocks of 128, 8 bins", true, 18, 10, 128, 2, 8),
        new("RealNVP, 18 features, 10 layers, 3 x 128", true, 18, 10, 128, 0, 0),
    ];

    /// <summary>Numbers that a layer's network gives for a target.</summary>
    private ScalarMap Map => Bins == 0
        ? new AffineScalarMap(AffineScale.Softplus, 1e-3, ShiftFirst: false)
        : new SplineScalarMap
        {
            Form = SplineForm.Softplus,
            Bins = Bins,
            Low = -3,
            High = 3,
            Tails = SplineTails.Linear,
            MinimumWidth = 1e-3,
            MinimumHeight = 1e-3,
            MinimumDerivative = 1e-3,
        };

    /// <summary>The layers, from the data to the base distribution.</summary>
    public IReadOnlyList<FlowLayer> Build()
    {
        List<FlowLayer> layers = [];
        var random = new PhiloxStream(5, (ulong)Name.Length);
        for (var l = 0; l < Layers; l++)
        {
            layers.Add(Coupling ? CouplingLayer(l, ref random) : Autoregressive(ref random));
            layers.Add(new PermutationLayer([.. Enumerable.Range(0, Features).Reverse()]));
        }

        return layers;
    }

    public LayeredFlow Flow(IReadOnlyList<FlowLayer> layers, IReadOnlyList<ObservableMap> maps) => new(
        new SampleSchema([.. Enumerable.Range(0, Features).Select(f => new ColumnSchema($"x{f}", "1", ""))], []),
        [.. Enumerable.Repeat(new ColumnPreprocessing(maps), Features)],
        layers,
        FlowBase.StandardNormal(Features),
        new byte[32]);

    /// <summary>Multiplications and additions with weights that are not masked, in the networks of all layers, for one event.</summary>
    public static double UsefulOperations(IReadOnlyList<FlowLayer> layers) =>
        layers.OfType<ConditionalLayer>().SelectMany(layer => layer.Network.Steps).SelectMany(step => step switch
    {
        ConditionerStep.Dense dense => new[] { dense.Map },
        ConditionerStep.Residual block => [block.First, block.Second],
        _ => [],
    }).Sum(map => 2.0 * map.Weights.Count(w => w != 0));

    /// <summary>The flow as a file for other programs.</summary>
    public void Write(string path, IReadOnlyList<FlowLayer> layers)
    {
        var (hyper, _, tensors) = LayeredFlowFile.Describe(
            Features, layers, FlowBase.StandardNormal(Features), [.. Enumerable.Repeat(new ColumnPreprocessing([]), Features)]);
        using var stream = File.Create(path);
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { ["hyperparameters"] = hyper.GetRawText() }, tensors);
    }

    private ConditionalLayer Autoregressive(ref PhiloxStream random)
    {
        int[] features = [.. Enumerable.Range(0, Features)], inputs = [.. features.Select(f => f + 1)];

        // The degrees of nflows and of Germain et al. 2015, sec. 4: hidden units go around 1 to D - 1, an output of
        // feature f sees degrees below f + 1.
        int[] hidden = [.. Enumerable.Range(0, Hidden).Select(u => 1 + (u % (Features - 1)))];
        int[] outputs = [.. inputs.SelectMany(d => Enumerable.Repeat(d - 1, Map.ParameterCount))];
        return new ConditionalLayer(Features, features, features, Network(inputs, hidden, outputs, ref random), Map);
    }

    private ConditionalLayer CouplingLayer(int layer, ref PhiloxStream random)
    {
        var half = Features / 2;
        int[] features = [.. Enumerable.Range(0, Features)],
            all = [.. Enumerable.Repeat(0, Math.Max(Hidden, Features * Map.ParameterCount))];
        int[] inputs = layer % 2 == 0 ? features[..half] : features[half..], targets = layer % 2 == 0 ? features[half..] : features[..half];
        return new ConditionalLayer(
            Features,
            inputs,
            targets,
            Network(all[..inputs.Length], all[..Hidden], all[..(targets.Length * Map.ParameterCount)], ref random),
            Map);
    }

    /// <summary>A network whose units see those of no higher degree.</summary>
    private ConditionerNetwork Network(int[] inputs, int[] hidden, int[] outputs, ref PhiloxStream random)
    {
        List<ConditionerStep> steps = [new ConditionerStep.Dense(Dense(inputs, hidden, 1, ref random))];
        for (var b = 0; b < Blocks; b++)
        {
            var first = Dense(hidden, hidden, 1, ref random);
            steps.Add(new ConditionerStep.Residual(first, Dense(hidden, hidden, 0.5, ref random), ActivatesInput: true));
        }

        for (var extra = 0; extra < (Blocks == 0 ? 2 : 0); extra++)
        {
            steps.Add(new ConditionerStep.Activate());
            steps.Add(new ConditionerStep.Dense(Dense(hidden, hidden, 1, ref random)));
        }

        if (Blocks == 0)
        {
            steps.Add(new ConditionerStep.Activate());
        }

        steps.Add(new ConditionerStep.Dense(Dense(hidden, outputs, 1, ref random)));
        return new ConditionerNetwork(inputs.Length, FlowActivation.Relu, steps);
    }

    /// <summary>
    /// Uniform weights of variance 1 / 3 of that of a unit of variance one, as PyTorch starts from, where the mask allows.
    /// </summary>
    private static DenseMap Dense(int[] from, int[] to, double scale, ref PhiloxStream random)
    {
        var weights = new double[from.Length * to.Length];
        var bias = new double[to.Length];
        var bound = scale / Math.Sqrt(from.Length);
        for (var o = 0; o < to.Length; o++)
        {
            for (var i = 0; i < from.Length; i++)
            {
                weights[(o * from.Length) + i] = from[i] <= to[o] ? (float)(bound * ((2 * random.NextDouble()) - 1)) : 0;
            }

            bias[o] = (float)(bound * ((2 * random.NextDouble()) - 1));
        }

        return new DenseMap(to.Length, from.Length, weights, bias);
    }
}

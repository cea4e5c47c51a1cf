using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Engine.Serialization;
using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Models.Tables;

namespace EventService.Models.Flows;

/// <summary>
/// A layered flow as a model file: the layers' kinds and constants in the document's hyper-parameters, the maps of the columns in its
/// preprocessing, matrices as tensors named <c>layers/K/...</c>. Masked weights stand there as zeros.
/// </summary>
public static class LayeredFlowFile
{
    // Largest flow that is built from a file, so that a document cannot ask for all the memory.
    private const int LargestWidth = 16_384;
    private const int MostFeatures = 1024;
    private const int MostLayers = 512;
    private const int MostSteps = 128;
    private const int MostBins = 256;
    private const int MostFrequencies = 256;
    private const int MostAnchors = 64;
    private const int MostKnots = 1024;

    /// <summary>Events that a flow between data starts from.</summary>
    public const string SourceTensor = "source";

    private const string Dense = "dense", Activate = "activation", Residual = "residual", PreActivated = "pre-activated-residual", InverseAutoregressive = "inverse-autoregressive", Continuous = "continuous", Gate = "gate/", RefinementPrefix = "refinement/", MarginalKnots = RefinementPrefix + "marginals/knots", MarginalValues = RefinementPrefix + "marginals/values";

    private sealed record Hyperparameters(int Features, FlowBase Base, LayerText[] Layers)
    {
        public RefinementText? Refinement { get; init; }

        public SupportText? Support { get; init; }
    }

    /// <summary>
    /// A refinement without its matrices. Its acceptance is the document's, unless there is a support, which has its share in that.
    /// </summary>
    private sealed record RefinementText(FlowActivation Activation, string[] Steps, double LargestLogWeight)
    {
        public double? Acceptance { get; init; }

        public double? AcceptanceError { get; init; }
    }

    private sealed record SupportText(IReadOnlyList<ColumnInequality> Inequalities, IReadOnlyList<double> Acceptance, long Draws);

    /// <summary>A layer without its matrices; what a kind has not is null.</summary>
    private sealed record LayerText(string Kind)
    {
        public int[]? Order { get; init; }

        public int[]? Inputs { get; init; }

        public int[]? Targets { get; init; }

        public FlowActivation? Activation { get; init; }

        public string[]? Steps { get; init; }

        public AffineScalarMap? Affine { get; init; }

        public SplineScalarMap? Spline { get; init; }

        public MixtureScalarMap? Mixture { get; init; }

        /// <summary>The solver of a continuous layer.</summary>
        public OdeMethod? Solver { get; init; }

        public int? Frequencies { get; init; }

        /// <summary>
        /// Values of the condition, scaled to -1 to 1, where a flow between data distributions was trained; null for one from noise.
        /// </summary>
        public double[]? Anchors { get; init; }

        /// <summary>Which of them the layers behind are of.</summary>
        public int? Origin { get; init; }
    }

    private static readonly JsonSerializerOptions s_options = new(ModelJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, IgnoreReadOnlyProperties = true };

    public static ModelArchitecture Architecture { get; } = new(
        LayeredFlow.ArchitectureName,
        "normalising flows of tables: autoregressive, coupling and continuous layers",
        ModelCapabilities.Density | ModelCapabilities.Conditions,
        Read);

    public static ModelArchitecture TransportedArchitecture { get; } = new(
        TransportedSample.ArchitectureName,
        "a sample of events carried along its condition by a flow between data",
        ModelCapabilities.Conditions,
        ReadTransported);

    /// <summary>Hyper-parameters and preprocessing for a document, and the tensors.</summary>
    /// <param name="features">Number of columns.</param>
    /// <param name="layers">From the data to the base distribution.</param>
    /// <param name="baseDistribution">The base distribution.</param>
    /// <param name="columns">The maps of the columns.</param>
    /// <param name="refinement">Which draws are kept; null where all are.</param>
    public static (JsonElement Hyperparameters, JsonElement Preprocessing, IReadOnlyList<SafeTensor> Tensors) Describe(
        int features, IReadOnlyList<FlowLayer> layers, FlowBase baseDistribution, IReadOnlyList<ColumnPreprocessing> columns, FlowRefinement? refinement = null)
    {
        ArgumentNullException.ThrowIfNull(layers);
        ArgumentNullException.ThrowIfNull(columns);
        List<SafeTensor> tensors = [];
        var texts = layers.Select((layer, l) => Describe(layer, $"layers/{l}/", tensors)).ToArray();
        var judge = refinement is null ? null : new RefinementText(refinement.Network.Activation, Describe(refinement.Network, RefinementPrefix, tensors), refinement.LargestLogWeight);
        if (refinement?.Marginals is { } marginals)
        {
            tensors.Add(Tensor(MarginalKnots, [features, marginals.Knots[0].Length], [.. marginals.Knots.SelectMany(k => k)]));
            tensors.Add(Tensor(MarginalValues, [features, marginals.Values[0].Length], [.. marginals.Values.SelectMany(v => v)]));
        }

        return (
            JsonSerializer.SerializeToElement(new Hyperparameters(features, baseDistribution, texts) { Refinement = judge }, s_options),
            ColumnPreprocessing.Describe(columns),
            tensors);
    }

    /// <summary>Builds the flow of a model file.</summary>
    /// <exception cref="ModelFormatException">The document and the tensors do not make a flow; the message says what was found and
    /// expected.</exception>
    public static ILikelihoodModel Read(ModelDocument document, SafeTensorsFile file, ReadOnlyMemory<byte> sha256)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(file);
        var hyper = document.Hyperparameters.Deserialize<Hyperparameters>(s_options)
            ?? throw new ModelFormatException("The document has no hyper-parameters.");
        Limit("features", hyper.Features, 1, MostFeatures);
        Limit("layers", hyper.Layers.Length, 0, MostLayers);
        var columns = ColumnPreprocessing.Read(document.Preprocessing);
        if (document.Conditions.Count != 1 && Array.Exists(columns, c => c.TakesCondition))
        {
            throw new ModelFormatException($"A column has the map align, which goes by one condition, but the document has {document.Conditions.Count} conditions.");
        }

        var baseDistribution = Checked(hyper.Base, hyper.Features);
        FlowLayer[] layers = [.. hyper.Layers.Select((text, l) => Build(text, hyper.Features, document.Conditions.Count, $"layers/{l}/", file))];
        if (hyper.Refinement is not null && document.Conditions.Count > 0)
        {
            throw new ModelFormatException("The flow has both conditions and a refinement, whose acceptance would depend on them; expected one of them.");
        }

        var refinement = hyper.Refinement is { } text
            ? new FlowRefinement(
                Network(text.Activation, text.Steps, hyper.Features, 0, RefinementPrefix, file),
                text.LargestLogWeight, text.Acceptance ?? document.Acceptance, text.AcceptanceError ?? document.AcceptanceError, Marginals(hyper.Features, file))
            : null;
        var support = Support(hyper.Support, document);
        LayeredFlow With(IReadOnlyList<FlowLayer> given) => new(document.Schema, columns, given, baseDistribution, sha256) { Refinement = refinement, Support = support };
        return document.Conditions.Count == 0 ? With(layers) : new ConditionalFlow(document.Conditions, layers, With);
    }

    /// <summary>The document of a flow without a support that is given one; its tensors stay as they are.</summary>
    public static ModelDocument WithSupport(ModelDocument document, EventSupport support)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(support);
        var hyper = document.Hyperparameters.Deserialize<Hyperparameters>(s_options)!;

        // Shares of draws: of the refinement, and of what that keeps.
        var share = support.Acceptance.Average();
        var error = Math.Sqrt(share * (1 - share) / (support.Draws * support.Acceptance.Count));
        var (kept, keptError) = (document.Acceptance, document.AcceptanceError);
        return document with
        {
            Hyperparameters = JsonSerializer.SerializeToElement(
                hyper with
                {
                    Refinement = hyper.Refinement is null ? null : hyper.Refinement with { Acceptance = kept, AcceptanceError = keptError },
                    Support = new SupportText(support.Inequalities.List, support.Acceptance, support.Draws),
                }, s_options),
            Acceptance = kept * share,
            AcceptanceError = Math.Sqrt((kept * kept * error * error) + (share * share * keptError * keptError)),
        };
    }

    private static EventSupport? Support(SupportText? text, ModelDocument document)
    {
        if (text is null)
        {
            return null;
        }

        var knots = text.Acceptance.Count;
        return document.Conditions.Count <= 1 && (document.Conditions.Count == 0 ? knots == 1 : knots is > 1 and <= MostKnots)
            ? new EventSupport(new ColumnInequalities(document.Schema, text.Inequalities), text.Acceptance, text.Draws)
            : throw new ModelFormatException($"The support has {knots} acceptances for {document.Conditions.Count} conditions, expected 1 without a condition, or 2 to {MostKnots} along a single one.");
    }

    /// <summary>
    /// Builds the flow of a model file whose source is a sample, the tensor <see cref="SourceTensor"/> of [rows, features].
    /// </summary>
    /// <exception cref="ModelFormatException">The document and the tensors do not make such a flow.</exception>
    public static TransportedSample ReadTransported(ModelDocument document, SafeTensorsFile file, ReadOnlyMemory<byte> sha256)
    {
        ArgumentNullException.ThrowIfNull(file);
        var flow = Read(document, file, sha256);
        return flow is ConditionalFlow { HasSupport: true }
            ? throw new ModelFormatException($"Model '{document.Name}' has a support, but its events are those of a sample, which cannot be drawn again.")
            : flow is ConditionalFlow conditional
            ? new TransportedSample(conditional, file[SourceTensor].ToFloats())
            : throw new ModelFormatException($"Model '{document.Name}' has no condition, expected the one along which its sample is transported.");
    }

    private static LayerText Describe(FlowLayer layer, string prefix, List<SafeTensor> tensors)
    {
        switch (layer)
        {
            case PermutationLayer permutation:
                return new LayerText("permutation") { Order = [.. permutation.Order] };
            case LuLinearLayer linear:
                var d = linear.Bias.Count;
                tensors.Add(Tensor(prefix + "lower", [d, d], [.. linear.Lower]));
                tensors.Add(Tensor(prefix + "upper", [d, d], [.. linear.Upper]));
                tensors.Add(Tensor(prefix + "bias", [d], [.. linear.Bias]));
                return new LayerText("lu-linear");
            case ScaleShiftLayer diagonal:
                tensors.Add(Tensor(prefix + "scale", [diagonal.Scale.Count], [.. diagonal.Scale]));
                tensors.Add(Tensor(prefix + "shift", [diagonal.Shift.Count], [.. diagonal.Shift]));
                return new LayerText("scale-shift");
            case ConditionalLayer conditional:
                return Describe("conditional", conditional.Network, conditional.Map, prefix, tensors) with { Inputs = [.. conditional.Inputs], Targets = [.. conditional.Targets] };
            case InverseAutoregressiveLayer inverse:
                return Describe(InverseAutoregressive, inverse.Network, inverse.Map, prefix, tensors);
            case ContinuousLayer continuous:
                return Describe(Continuous, continuous.Field.Network, null, prefix, tensors) with
                {
                    Solver = continuous.Method,
                    Frequencies = continuous.Field.Frequencies,
                    Anchors = continuous.Anchors is null ? null : [.. continuous.Anchors],
                    Origin = continuous.Anchors is null ? null : continuous.Origin,
                };
            default:
                throw new ArgumentException($"{layer.GetType().Name} has no place in a model file.");
        }
    }

    private static LayerText Describe(string kind, ConditionerNetwork network, ScalarMap? map, string prefix, List<SafeTensor> tensors) => new(kind)
    {
        Activation = network.Activation,
        Steps = Describe(network, prefix, tensors),
        Affine = map as AffineScalarMap,
        Spline = map as SplineScalarMap,
        Mixture = map as MixtureScalarMap,
    };

    private static string[] Describe(ConditionerNetwork network, string prefix, List<SafeTensor> tensors) =>
        [.. network.Steps.Select((step, s) => Describe(step, $"{prefix}steps/{s}/", tensors))];

    private static string Describe(ConditionerStep step, string prefix, List<SafeTensor> tensors)
    {
        void Add(string name, DenseMap map)
        {
            tensors.Add(Tensor($"{prefix}{name}weight", [map.Outputs, map.Inputs], map.Weights));
            tensors.Add(Tensor($"{prefix}{name}bias", [map.Outputs], map.Bias));
            if (map.Gate is not null)
            {
                Add(name + Gate, map.Gate);
            }
        }

        switch (step)
        {
            case ConditionerStep.Dense dense:
                Add("", dense.Map);
                return Dense;
            case ConditionerStep.Residual residual:
                Add("first/", residual.First);
                Add("second/", residual.Second);
                return residual.ActivatesInput ? PreActivated : Residual;
            default:
                return Activate;
        }
    }

    private static FlowLayer Build(LayerText text, int features, int conditions, string prefix, SafeTensorsFile file)
    {
        switch (text.Kind)
        {
            case "permutation" when text.Order?.Length == features:
                return new PermutationLayer(text.Order);
            case "lu-linear":
                return new LuLinearLayer(Numbers(file, prefix + "lower", [features, features]), Numbers(file, prefix + "upper", [features, features]), Numbers(file, prefix + "bias", [features]));
            case "scale-shift":
                return new ScaleShiftLayer(Numbers(file, prefix + "scale", [features]), Numbers(file, prefix + "shift", [features]));
            case "conditional" when text is { Inputs: { } inputs, Targets: { } targets, Steps: not null, Activation: not null }:
                return new ConditionalLayer(features, inputs, targets, Network(text, inputs.Length, conditions, prefix, file), Map(text, prefix));
            case InverseAutoregressive when text is { Steps: not null, Activation: not null }:
                return new InverseAutoregressiveLayer(features, Network(text, features, conditions, prefix, file), Map(text, prefix));
            case Continuous when text is { Steps: not null, Activation: not null, Solver: not null, Frequencies: not null }:
                return ContinuousOf(text, features, conditions, prefix, file);
            default:
                throw new ModelFormatException($"Layer '{prefix}' is '{text.Kind}', expected permutation with an order of {features}, lu-linear, scale-shift, conditional with inputs, targets, activation and steps, {InverseAutoregressive} with activation and steps, or {Continuous} with activation, steps, solver and frequencies.");
        }
    }

    private static ContinuousLayer ContinuousOf(LayerText text, int features, int conditions, string prefix, SafeTensorsFile file)
    {
        Limit("frequencies", text.Frequencies!.Value, 0, MostFrequencies);
        Limit("anchors", text.Anchors?.Length ?? 2, 2, MostAnchors);
        if (text.Anchors is not null && conditions != 1)
        {
            throw new ModelFormatException($"Layer '{prefix}' has anchors, which are values of a condition, but the document has {conditions} conditions, expected 1.");
        }

        var legs = text.Anchors is null ? 1 : text.Anchors.Length - 1;
        var network = Network(text, VelocityField.InputsOf(features, legs, text.Frequencies.Value), conditions, prefix, file);
        var field = new VelocityField(features, legs, text.Frequencies.Value, network);
        return text.Anchors is null ? new ContinuousLayer(field, text.Solver!) : new ContinuousLayer(field, text.Solver!, text.Anchors, text.Origin ?? 0);
    }

    private static ConditionerStep Build(string step, int conditions, string prefix, SafeTensorsFile file)
    {
        DenseMap Map(string name)
        {
            var shape = file[$"{prefix}{name}weight"].Shape;
            if (shape.Count != 2 || shape[0] > LargestWidth || shape[1] > LargestWidth)
            {
                throw new ModelFormatException($"Tensor '{prefix}{name}weight' has the shape [{string.Join(", ", shape)}], expected two sizes of at most {LargestWidth}.");
            }

            var gated = file.TryGet($"{prefix}{name}{Gate}weight", out _);
            if (gated && conditions == 0)
            {
                throw new ModelFormatException($"Tensor '{prefix}{name}{Gate}weight' is the gate of a condition, but the document has no conditions.");
            }

            var gate = gated ? new DenseMap((int)shape[0], conditions, Numbers(file, $"{prefix}{name}{Gate}weight", [shape[0], conditions]), Numbers(file, $"{prefix}{name}{Gate}bias", [shape[0]])) : null;
            return new DenseMap((int)shape[0], (int)shape[1], Numbers(file, $"{prefix}{name}weight", shape), Numbers(file, $"{prefix}{name}bias", [shape[0]])) { Gate = gate };
        }

        return step switch
        {
            Dense => new ConditionerStep.Dense(Map("")),
            Activate => new ConditionerStep.Activate(),
            Residual => new ConditionerStep.Residual(Map("first/"), Map("second/"), ActivatesInput: false),
            PreActivated => new ConditionerStep.Residual(Map("first/"), Map("second/"), ActivatesInput: true),
            _ => throw new ModelFormatException($"Step '{prefix}' is '{step}', expected {Dense}, {Activate}, {Residual} or {PreActivated}."),
        };
    }

    private static MarginalWeights? Marginals(int features, SafeTensorsFile file)
    {
        if (!file.TryGet(MarginalKnots, out var knots))
        {
            return null;
        }

        if (knots.Shape.Count != 2 || knots.Shape[0] != features || knots.Shape[1] is < 2 or > MostKnots)
        {
            throw new ModelFormatException($"Tensor '{MarginalKnots}' has the shape {knots.ShapeText}, expected {features} rows of 2 to {MostKnots} numbers.");
        }

        double[][] Rows(string name) => [.. Numbers(file, name, knots.Shape).Chunk((int)knots.Shape[1])];
        return new MarginalWeights(Rows(MarginalKnots), Rows(MarginalValues));
    }

    private static ConditionerNetwork Network(LayerText text, int inputs, int conditions, string prefix, SafeTensorsFile file) =>
        Network(text.Activation!.Value, text.Steps!, inputs, conditions, prefix, file);

    private static ConditionerNetwork Network(FlowActivation activation, string[] steps, int inputs, int conditions, string prefix, SafeTensorsFile file)
    {
        Limit("steps", steps.Length, 1, MostSteps);
        return new ConditionerNetwork(inputs, activation, [.. steps.Select((step, s) => Build(step, conditions, $"{prefix}steps/{s}/", file))]);
    }

    private static ScalarMap Map(LayerText text, string prefix) =>
        (ScalarMap?)text.Affine ?? (ScalarMap?)Checked(text.Spline) ?? Checked(text.Mixture) ?? throw new ModelFormatException($"Layer '{prefix}' has neither an affine map nor a spline nor a mixture.");

    private static MixtureScalarMap? Checked(MixtureScalarMap? mixture)
    {
        if (mixture is not null)
        {
            Limit("components", mixture.Components, 1, MostBins);
            if (!(mixture.Minimum > 0 && double.IsFinite(mixture.Minimum)))
            {
                throw new ModelFormatException($"A mixture has the minimum {mixture.Minimum}, expected a number above 0.");
            }
        }

        return mixture;
    }

    private static SplineScalarMap? Checked(SplineScalarMap? spline)
    {
        if (spline is not null)
        {
            Limit("bins", spline.Bins, 1, MostBins);
            if (!(spline.High > spline.Low) || !double.IsFinite(spline.High - spline.Low) || !(spline.Bins * Math.Max(spline.MinimumWidth, spline.MinimumHeight) < 1)
                || !(spline.Slope is > 0 and < 1) || !(spline.MinimumDerivative is >= 0 and < 1) || spline.MinimumWidth < 0 || spline.MinimumHeight < 0)
            {
                throw new ModelFormatException($"A spline is {spline}, expected an interval, minimum sizes that leave room for the bins, and slope and minimum derivative below 1.");
            }
        }

        return spline;
    }

    private static FlowBase Checked(FlowBase distribution, int features)
    {
        for (var f = 0; f < features; f++)
        {
            var (a, b) = (distribution.First[f], distribution.Second[f]);
            if (!double.IsFinite(a) || !double.IsFinite(b) || !(distribution.Kind == FlowBaseKind.Normal ? b > 0 : b > a))
            {
                throw new ModelFormatException($"The {distribution.Kind} base distribution of feature {f} has the parameters {a} and {b}, expected a positive width.");
            }
        }

        return distribution;
    }

    private static void Limit(string name, int value, int minimum, int maximum)
    {
        if (value < minimum || value > maximum)
        {
            throw new ModelFormatException($"Hyper-parameter {name} is {value}, expected {minimum} to {maximum}.");
        }
    }

    private static double[] Numbers(SafeTensorsFile file, string name, IReadOnlyList<long> shape)
    {
        var tensor = file[name];
        return tensor.Type is SafeTensorType.F32 or SafeTensorType.F64 && tensor.Shape.SequenceEqual(shape)
            ? tensor.ToDoubles()
            : throw new ModelFormatException($"Tensor '{name}' is {tensor.Type} {tensor.ShapeText}, expected F32 or F64 [{string.Join(", ", shape)}].");
    }

    /// <summary>float32 where that holds the numbers exactly, else float64.</summary>
    private static SafeTensor Tensor(string name, long[] shape, double[] values) => values.All(v => (double)(float)v == v)
        ? SafeTensor.FromFloats(name, shape, [.. values.Select(v => (float)v)])
        : SafeTensor.FromDoubles(name, shape, values);
}

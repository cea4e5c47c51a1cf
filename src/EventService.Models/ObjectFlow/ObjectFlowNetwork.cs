using System.Text.Json.Serialization;

using EventService.Engine.Autodiff;
using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Networks;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.ObjectFlow.States;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;

namespace EventService.Models.ObjectFlow;

/// <summary>Sizes of the conditional networks.</summary>
public sealed record ObjectFlowHyperparameters
{
    /// <summary>Width of the trunk.</summary>
    public int Width { get; init; } = 54;

    /// <summary>Residual blocks in the trunk.</summary>
    public int Blocks { get; init; } = 1;

    /// <summary>Hidden units of the heads of pT, eta and mass.</summary>
    public int HeadWidth { get; init; } = 27;

    /// <summary>Hidden units of the two layers of the azimuth's head.</summary>
    public int AzimuthWidth { get; init; } = 27;

    public int Bins { get; init; } = 16;

    /// <summary>Knots of the azimuth's density; a divisor of <see cref="AzimuthCorrelations.Nodes"/>.</summary>
    public int AzimuthKnots { get; init; } = 24;

    /// <summary>Number of condition parameters.</summary>
    public int Conditions { get; init; }

    /// <summary>
    /// Whether the missing momentum is drawn as its difference to the recoil of all objects, along it and across, instead of its size and
    /// azimuth.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Imbalance { get; init; }

    /// <summary>
    /// Width of the imbalance [GeV] that the nodes of azimuths resolve: where recoil and momentum are much larger and nearly equal, nodes
    /// are denser around the recoil (<see cref="AzimuthWarp"/>), and so is the unit interval of the pT (<see cref="RecoilFocus"/>). 0 for
    /// nodes that are equidistant always.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double RecoilWidth { get; init; }

    /// <summary>Further inputs made of the condition parameters; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public IReadOnlyList<DerivedInput>? Derived { get; init; }

    /// <summary>Inputs that come from the condition: its parameters and what is derived of them.</summary>
    [JsonIgnore]
    public int ConditionInputs => Conditions + (Derived?.Count ?? 0);
}

/// <summary>
/// Networks that give the spline of each coordinate: an input layer for each slot class, a residual trunk for each group of
/// classes, a head for each coordinate that also sees the coordinates before it.
/// </summary>
/// <remarks>
/// h = W_in x + b_in; for each block h = h + W2 gelu(W1 gelu(h) + b1) + b2; g = gelu(h);
/// head: theta = O gelu(P g + F f + b) + o, with a second hidden layer for the azimuth.
/// </remarks>
public sealed class ObjectFlowNetwork
{
    private sealed record Layer(Parameter Weight, Parameter Bias);

    private sealed record Block(Parameter Weight1, Parameter[] Bias1, Layer Second);

    private sealed record HeadLayers(Layer First, Parameter?[] Extra, Layer? Hidden, Layer Output);

    private readonly ObjectFlowHyperparameters _hyper;
    private readonly Layer[] _inputs = new Layer[EventSlots.ClassCount];
    private readonly Block[][] _blocks = new Block[EventSlots.GroupCount][];
    private readonly HeadLayers?[,] _heads = new HeadLayers?[EventSlots.ClassCount, 4];

    public ObjectFlowNetwork(ObjectFlowHyperparameters hyper)
    {
        ArgumentNullException.ThrowIfNull(hyper);
        _hyper = hyper;
        Spline = new RationalQuadraticSpline(hyper.Bins, Circular: false);
        AzimuthDensity = AzimuthCorrelations.DensityOf(hyper.AzimuthKnots);
        for (var s = 0; s < EventSlots.ClassCount; s++)
        {
            _inputs[s] = AddLayer($"{(SlotClass)s}.in", hyper.Width, EventState.InputCount((SlotClass)s, hyper.ConditionInputs));
        }

        for (var g = 0; g < EventSlots.GroupCount; g++)
        {
            AddGroup((SlotGroup)g);
        }
    }

    public ObjectFlowHyperparameters Hyperparameters => _hyper;

    public ParameterSet Parameters { get; } = new();

    /// <summary>The transform of all coordinates but the azimuth.</summary>
    public RationalQuadraticSpline Spline { get; }

    public CircularDensity AzimuthDensity { get; }

    /// <summary>Coordinates that a slot of the class has.</summary>
    public static ReadOnlySpan<Coordinate> CoordinatesOf(SlotClass slot) =>
        slot == SlotClass.Met ? [Coordinate.Pt, Coordinate.Azimuth]
        : slot == SlotClass.BJet1 ? [Coordinate.Pt, Coordinate.Eta, Coordinate.Mass]   // always the first object: its azimuth is uniform
        : EventSlots.HasMass(slot) ? [Coordinate.Pt, Coordinate.Eta, Coordinate.Azimuth, Coordinate.Mass]
        : [Coordinate.Pt, Coordinate.Eta, Coordinate.Azimuth];

    /// <summary>Whether a coordinate has a density on the circle, and not a spline on the unit interval.</summary>
    public bool IsCircular(SlotClass slot, Coordinate coordinate) => coordinate == Coordinate.Azimuth && !(_hyper.Imbalance && slot == SlotClass.Met);

    /// <summary>
    /// Sets all parameters to their starting values: He-uniform, small last layers, so that the splines start near the identity.
    /// </summary>
    public void Initialise(ulong seed)
    {
        foreach (var parameter in Parameters.Parameters)
        {
            var w = parameter.Value.Span;
            if (parameter.Name.EndsWith(".bias", StringComparison.Ordinal))
            {
                w.Clear();
                continue;
            }

            var gain = parameter.Name.Contains("second", StringComparison.Ordinal) ? 0.3
                : parameter.Name.Contains("out", StringComparison.Ordinal) ? 0.1
                : 1.0;
            var bound = (float)(gain * Math.Sqrt(6.0 / parameter.Value.Columns));
            var stream = new PhiloxStream(seed, (ulong)parameter.Index);
            for (var i = 0; i < w.Length; i++)
            {
                w[i] = bound * ((2 * stream.NextFloat()) - 1);
            }
        }
    }

    /// <summary>Trunk on a tape: g from the inputs of a slot class.</summary>
    public Variable Trunk(Tape tape, SlotClass slot, Variable x, Dropout dropout)
    {
        ArgumentNullException.ThrowIfNull(tape);
        ArgumentNullException.ThrowIfNull(dropout);
        var input = _inputs[(int)slot];
        var h = Linear.Apply(tape, tape[input.Bias], tape[input.Weight], x);
        foreach (var block in _blocks[(int)EventSlots.GroupOf(slot)])
        {
            var r = Linear.Apply(tape, tape[block.Bias1[(int)slot]], tape[block.Weight1], Elementwise.Gelu(tape, h));
            var residual = Linear.Apply(tape, tape[block.Second.Bias], tape[block.Second.Weight], dropout.Apply(tape, Elementwise.Gelu(tape, r)));
            h = Elementwise.Add(tape, h, residual);
        }

        return dropout.Apply(tape, Elementwise.Gelu(tape, h));
    }

    /// <summary>Head on a tape: spline parameters from g and the further inputs f of the coordinate (null if it has none).</summary>
    public Variable Head(Tape tape, SlotClass slot, Coordinate coordinate, Variable g, Variable? f)
    {
        ArgumentNullException.ThrowIfNull(tape);
        var head = _heads[(int)slot, (int)coordinate]!;
        var extra = head.Extra[(int)slot];
        var k = f is null || extra is null
            ? Linear.Apply(tape, tape[head.First.Bias], tape[head.First.Weight], g)
            : Linear.Apply(tape, tape[head.First.Bias], (tape[head.First.Weight], g), (tape[extra], f));
        k = Elementwise.Gelu(tape, k);
        if (head.Hidden is not null)
        {
            k = Elementwise.Gelu(tape, Linear.Apply(tape, tape[head.Hidden.Bias], tape[head.Hidden.Weight], k));
        }

        return Linear.Apply(tape, tape[head.Output.Bias], tape[head.Output.Weight], k);
    }

    /// <summary>Trunk without a tape; the result stays in <paramref name="work"/>.</summary>
    public void Trunk(Workspace work, SlotClass slot, Tensor x)
    {
        ArgumentNullException.ThrowIfNull(work);
        Tensor h = work.H, a = work.A, r = work.R;
        h.Reshape(_hyper.Width, x.Columns);
        a.Reshape(_hyper.Width, x.Columns);
        r.Reshape(_hyper.Width, x.Columns);
        var input = _inputs[(int)slot];
        Linear.Product(input.Weight.Value, false, x, false, h, MatMul.From.RowBias, input.Bias.Value);
        foreach (var block in _blocks[(int)EventSlots.GroupOf(slot)])
        {
            ElementwiseKernel.Gelu.Forward(h.Span, a.Span);
            Linear.Product(block.Weight1.Value, false, a, false, r, MatMul.From.RowBias, block.Bias1[(int)slot].Value);
            ElementwiseKernel.Gelu.Forward(r.Span, r.Span);
            Linear.Product(block.Second.Weight.Value, false, r, false, a, MatMul.From.RowBias, block.Second.Bias.Value);
            System.Numerics.Tensors.TensorPrimitives.Add(h.Span, a.Span, h.Span);
        }

        ElementwiseKernel.Gelu.Forward(h.Span, h.Span);
    }

    /// <summary>Head without a tape, from the trunk's result in <paramref name="work"/>: spline parameters in its Theta.</summary>
    public Tensor Head(Workspace work, SlotClass slot, Coordinate coordinate, Tensor? f)
    {
        ArgumentNullException.ThrowIfNull(work);
        var head = _heads[(int)slot, (int)coordinate]!;
        var n = work.H.Columns;
        var k = work.A;
        k.Reshape(head.First.Weight.Value.Rows, n);
        Linear.Product(head.First.Weight.Value, false, work.H, false, k, MatMul.From.RowBias, head.First.Bias.Value);
        if (f is not null && head.Extra[(int)slot] is { } extra)
        {
            Linear.Product(extra.Value, false, f, false, k, MatMul.From.Destination, null);
        }

        ElementwiseKernel.Gelu.Forward(k.Span, k.Span);
        if (head.Hidden is not null)
        {
            work.R.Reshape(head.Hidden.Weight.Value.Rows, n);
            Linear.Product(head.Hidden.Weight.Value, false, k, false, work.R, MatMul.From.RowBias, head.Hidden.Bias.Value);
            k = work.R;
            ElementwiseKernel.Gelu.Forward(k.Span, k.Span);
        }

        work.Theta.Reshape(head.Output.Weight.Value.Rows, n);
        Linear.Product(head.Output.Weight.Value, false, k, false, work.Theta, MatMul.From.RowBias, head.Output.Bias.Value);
        return work.Theta;
    }

    private void AddGroup(SlotGroup group)
    {
        var slots = Enumerable.Range(0, EventSlots.ClassCount).Where(s => EventSlots.GroupOf((SlotClass)s) == group).ToArray();
        _blocks[(int)group] = [.. Enumerable.Range(0, _hyper.Blocks).Select(b => AddBlock($"{group}.block{b}", slots))];
        var first = (SlotClass)slots[0];
        var leading = AddHead($"{group}.pt", _hyper.HeadWidth, false, Spline.ParameterCount, [], _ => 0);
        foreach (var s in slots)
        {
            _heads[s, (int)Coordinate.Pt] = leading;
        }

        if (group != SlotGroup.Met)
        {
            // The pT of further objects is a fraction of the one before: another function than the leading pT.
            var further = AddHead($"{group}.fraction", _hyper.HeadWidth, false, Spline.ParameterCount, [], _ => 0);
            var eta = AddHead($"{group}.eta", _hyper.HeadWidth, false, Spline.ParameterCount, slots, EventState.EtaInputCount);
            foreach (var s in slots)
            {
                _heads[s, (int)Coordinate.Pt] = EventSlots.IsLeading((SlotClass)s) ? leading : further;
                _heads[s, (int)Coordinate.Eta] = eta;
            }
        }

        var parameters = IsCircular(first, Coordinate.Azimuth) ? AzimuthDensity.ParameterCount : Spline.ParameterCount;
        var azimuth = AddHead($"{group}.azimuth", _hyper.AzimuthWidth, true, parameters, slots, EventState.AzimuthInputCount);
        var mass = EventSlots.HasMass(first) ? AddHead($"{group}.mass", _hyper.HeadWidth, false, Spline.ParameterCount, slots, _ => 4) : null;
        foreach (var s in slots)
        {
            _heads[s, (int)Coordinate.Azimuth] = azimuth;
            _heads[s, (int)Coordinate.Mass] = mass;
        }
    }

    private Block AddBlock(string name, int[] slots)
    {
        var weight = Parameters.Add($"{name}.first.weight", _hyper.Width, _hyper.Width);
        var bias = new Parameter[EventSlots.ClassCount];
        foreach (var s in slots)
        {
            bias[s] = Parameters.Add($"{name}.first.{(SlotClass)s}.bias", _hyper.Width, 1);
        }

        return new Block(weight, bias, AddLayer($"{name}.second", _hyper.Width, _hyper.Width));
    }

    private HeadLayers AddHead(string name, int width, bool hidden, int outputs, int[] slots, Func<SlotClass, int> extraInputs)
    {
        var first = AddLayer($"{name}.first", width, _hyper.Width);
        var extra = new Parameter?[EventSlots.ClassCount];
        foreach (var s in slots)
        {
            extra[s] = Parameters.Add($"{name}.{(SlotClass)s}.weight", width, extraInputs((SlotClass)s));
        }

        return new HeadLayers(
            first,
            extra,
            hidden ? AddLayer($"{name}.hidden", width, width) : null,
            AddLayer($"{name}.out", outputs, width));
    }

    private Layer AddLayer(string name, int rows, int columns) =>
        new(Parameters.Add($"{name}.weight", rows, columns), Parameters.Add($"{name}.bias", rows, 1));

    /// <summary>Memory for one thread's evaluation of the networks.</summary>
    public sealed class Workspace
    {
        internal Tensor H { get; } = new(0, 0);

        internal Tensor A { get; } = new(0, 0);

        internal Tensor R { get; } = new(0, 0);

        internal Tensor Theta { get; } = new(0, 0);
    }
}

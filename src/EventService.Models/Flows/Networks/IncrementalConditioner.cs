using EventService.Engine.Kernels;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Networks;

/// <summary>One row of parameters as a kernel takes it: scale * output[Source] + shift, or the constant shift where Source is -1.</summary>
public readonly record struct ParameterRow(int Source, double Scale, double Shift);

/// <summary>
/// A conditioner network for sampling, in float32: every hidden unit is computed once, as soon as the inputs it depends on are
/// known, so that inverting an autoregressive transform of D features costs one pass through the network instead of D. Exact.
/// </summary>
/// <remarks>
/// A unit has the highest degree of the inputs it depends on. Units of each layer are sorted by degree, so that those of degree d are
/// neighbouring rows and see a prefix of the rows of the layer before. <see cref="Advance"/> computes the units of one degree
/// in all layers. A sum runs over the units it sees in the order of their degrees, those of one degree in the network's order: leaving out
/// masked weights changes no bit, since adding zero times a finite number does not. Lanes are in panels of 16; a lane's numbers do not
/// depend on the others. Of a network with gates each lane has a condition of its own: the bits are those of the network under it.
/// </remarks>
public sealed unsafe class IncrementalConditioner
{
    /// <summary>Lanes of a panel.</summary>
    public const int PanelLanes = ConditionerUnits.Lanes;

    private const int Lanes = PanelLanes;

    // Levels are taken in blocks of about this many units of the widest layer: a level alone has few rows, for which the units of the layer
    // before would have to come from the L2 cache at the pace of the sums. A panel of narrow layers stays in the L1 cache: they go level by
    // level.
    private const int BlockUnits = 64;
    private const int NarrowUnits = 192;

    private readonly List<ConditionerUnits> _layers = [];
    private readonly List<ConditionerOperation> _operations = [];
    private readonly List<Range> _blocks;
    private readonly int[] _blockOf;
    private readonly int[] _inputRows;
    private readonly int _rows;
    private readonly ConditionerUnits _outputs;

    /// <param name="network">The network.</param>
    /// <param name="order">The order of its targets.</param>
    /// <param name="rows">The rows of parameters of a target, made from its share of the network's outputs.</param>
    public IncrementalConditioner(ConditionerNetwork network, AutoregressiveOrder order, IReadOnlyList<ParameterRow> rows)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(rows);
        var width = network.Steps.Max(s => s is ConditionerStep.Dense d ? d.Map.Inputs : s is ConditionerStep.Residual r ? r.First.Outputs : 0);
        PreferredPanels = width <= NarrowUnits ? 8 : 16;
        _blocks = Blocks(order.Levels, width);
        _blockOf = [.. _blocks.SelectMany((b, i) => Enumerable.Repeat(i, b.End.Value - b.Start.Value))];
        var h = AddLayer([.. order.InputDegrees], order.Levels);
        _inputRows = h.RowOf;
        for (var s = 0; s < network.Steps.Count - 1; s++)
        {
            switch (network.Steps[s])
            {
                case ConditionerStep.Dense dense:
                    h = AddDense(dense.Map, h);
                    break;
                case ConditionerStep.Activate:
                    // In place: nothing else reads a step's result.
                    _operations.Add(new ConditionerOperation.Activate(network.Activation, h, h));
                    break;
                case ConditionerStep.Residual block:
                    var inner = AddDense(block.First, block.ActivatesInput ? AddActivated(network.Activation, h) : h);
                    _operations.Add(new ConditionerOperation.Activate(network.Activation, inner, inner));
                    var degrees = DegreesThrough(block.Second, inner).Zip(h.Degrees, Math.Max).ToArray();
                    var change = AddDense(block.Second, inner, degrees);
                    var sum = AddLayer(degrees, h.Levels);
                    _operations.Add(new ConditionerOperation.Add(h, change, sum));
                    h = sum;
                    break;
            }
        }

        _rows = rows.Count;
        var last = ((ConditionerStep.Dense)network.Steps[^1]).Map;
        _outputs = AddDense(Arrange(last, order.TargetLevels.Count, rows), h, [.. order.TargetLevels.SelectMany(level => Enumerable.Repeat(level, rows.Count))]);
    }

    /// <summary>
    /// Panels that best go through all levels together: as many as keep the units of narrow layers in the L2 cache; more for wide ones,
    /// whose weights come from further away.
    /// </summary>
    public int PreferredPanels { get; }

    /// <summary>Takes the values of an input, before the degree above its own is computed.</summary>
    /// <param name="input">Number of the input.</param>
    /// <param name="values">16 lanes a panel.</param>
    /// <param name="panels">Number of panels in use.</param>
    /// <param name="scratch">The thread's memory.</param>
    public void Fill(int input, ReadOnlySpan<float> values, int panels, FlowScratch scratch)
    {
        var row = _layers[0].Panels(scratch, panels) + (_inputRows[input] * Lanes);
        for (var p = 0; p < panels; p++)
        {
            values.Slice(p * Lanes, Lanes).CopyTo(new Span<float>(row + (p * (nint)_layers[0].PanelStride), Lanes));
        }
    }

    /// <summary>Takes a condition for each lane, before level 0; for a network with gates.</summary>
    /// <param name="conditions">As the gates take them: [conditions, lanes], for whole panels.</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="panels">Number of panels in use.</param>
    /// <param name="scratch">The thread's memory.</param>
    public void SetConditions(ReadOnlySpan<double> conditions, int stride, int panels, FlowScratch scratch)
    {
        foreach (var operation in _operations)
        {
            operation.SetConditions(conditions, stride, panels, scratch);
        }
    }

    /// <summary>
    /// Computes what depends on inputs of degrees up to <paramref name="level"/> only. To be called for level 0, 1, 2, ...
    /// </summary>
    public void Advance(int level, int panels, FlowScratch scratch)
    {
        var block = _blockOf[level];
        if (_blocks[block].Start.Value == level)
        {
            foreach (var operation in _operations)
            {
                operation.Begin(block, panels, scratch);
            }
        }

        foreach (var operation in _operations)
        {
            operation.Run(level, panels, scratch);
        }
    }

    /// <summary>Inverts the scalar map of a target of a level with its parameters, after <see cref="Advance"/>.</summary>
    /// <param name="inverse">The map.</param>
    /// <param name="level">The level.</param>
    /// <param name="target">Which target of the level.</param>
    /// <param name="values">16 lanes a panel, replaced.</param>
    /// <param name="panels">Number of panels in use.</param>
    /// <param name="scratch">The thread's memory.</param>
    public void Invert(ScalarInverse inverse, int level, int target, Span<float> values, int panels, FlowScratch scratch)
    {
        var parameters = _outputs.Panels(scratch, panels) + ((_outputs.Start(level) + (target * _rows)) * Lanes);
        inverse(new ReadOnlySpan<float>(parameters, ((panels - 1) * _outputs.PanelStride) + (_rows * Lanes)), Lanes, _outputs.PanelStride, values[..(panels * Lanes)]);
    }

    private static List<Range> Blocks(int levels, int width)
    {
        var each = width <= NarrowUnits ? 1 : Math.Max(1, (int)Math.Round((double)BlockUnits * levels / width));
        return [.. Enumerable.Range(0, (levels + each - 1) / each).Select(b => new Range(b * each, Math.Min(levels, (b + 1) * each)))];
    }

    private ConditionerUnits AddLayer(int[] degrees, int levels)
    {
        var layer = new ConditionerUnits(_layers.Count, degrees, levels);
        _layers.Add(layer);
        return layer;
    }

    private ConditionerUnits AddActivated(FlowActivation activation, ConditionerUnits x)
    {
        var y = AddLayer(x.Degrees, x.Levels);
        _operations.Add(new ConditionerOperation.Activate(activation, x, y));
        return y;
    }

    private ConditionerUnits AddDense(DenseMap map, ConditionerUnits x, int[]? degrees = null)
    {
        var y = AddLayer(degrees ?? DegreesThrough(map, x), x.Levels);
        _operations.Add(new ConditionerOperation.Dense(map, x, y, _blocks));
        return y;
    }

    private static int[] DegreesThrough(DenseMap map, ConditionerUnits x)
    {
        var degrees = new int[map.Outputs];
        for (var o = 0; o < map.Outputs; o++)
        {
            for (var i = 0; i < map.Inputs; i++)
            {
                if (map.Weights[(o * map.Inputs) + i] != 0)
                {
                    degrees[o] = Math.Max(degrees[o], x.Degrees[i]);
                }
            }
        }

        return degrees;
    }

    /// <summary>The last map with the rows that the kernel takes.</summary>
    private static DenseMap Arrange(DenseMap map, int targets, IReadOnlyList<ParameterRow> rows)
    {
        var share = map.Outputs / targets;
        var weights = new double[targets * rows.Count * map.Inputs];
        var bias = new double[targets * rows.Count];
        for (var t = 0; t < targets; t++)
        {
            for (var r = 0; r < rows.Count; r++)
            {
                var (source, scale, shift) = rows[r];
                var row = (t * rows.Count) + r;
                bias[row] = shift;
                if (source >= 0)
                {
                    source += t * share;
                    bias[row] += scale * map.Bias[source];
                    for (var i = 0; i < map.Inputs; i++)
                    {
                        weights[(row * map.Inputs) + i] = scale * map.Weights[(source * map.Inputs) + i];
                    }
                }
            }
        }

        return new DenseMap(bias.Length, map.Inputs, weights, bias);
    }
}

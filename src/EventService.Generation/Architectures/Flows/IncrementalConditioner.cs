using EventService.Engine.Kernels;

namespace EventService.Generation.Architectures.Flows;

/// <summary>One row of parameters as a kernel takes it: scale * output[Source] + shift, or the constant shift where Source is -1.</summary>
public readonly record struct ParameterRow(int Source, double Scale, double Shift);

/// <summary>
/// A conditioner network for sampling, in float32: every hidden unit is computed once, as soon as the inputs it depends on are
/// known, so that inverting an autoregressive transform of D features costs one pass through the network instead of D. Exact.
/// </summary>
/// <remarks>
/// A unit has the highest degree of the inputs it depends on. Units of each layer are sorted by degree, so that those of degree d are
/// neighbouring rows and see a prefix of the rows of the layer before. <see cref="Advance"/> computes the units of one degree
/// in all layers. Matrices are [units, lanes]: a lane's numbers do not depend on the other lanes.
/// </remarks>
public sealed class IncrementalConditioner
{
    private readonly List<Layer> _layers = [];
    private readonly List<Operation> _operations = [];
    private readonly int[] _inputRows;
    private readonly Layer _outputs;

    /// <param name="network">The network.</param>
    /// <param name="order">The order of its targets.</param>
    /// <param name="rows">The rows of parameters of a target, made from its share of the network's outputs.</param>
    public IncrementalConditioner(ConditionerNetwork network, AutoregressiveOrder order, IReadOnlyList<ParameterRow> rows)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(rows);
        var h = AddLayer([.. order.InputDegrees], order.Levels);
        _inputRows = h.RowOf;
        foreach (var step in network.Steps.SkipLast(1))
        {
            switch (step)
            {
                case ConditionerStep.Dense dense:
                    h = AddDense(dense.Map, h);
                    break;
                case ConditionerStep.Activate:
                    h = AddActivation(network.Activation, h);
                    break;
                case ConditionerStep.Residual block:
                    var inner = AddDense(block.First, block.ActivatesInput ? AddActivation(network.Activation, h) : h);
                    var activated = AddActivation(network.Activation, inner);
                    var degrees = DegreesThrough(block.Second, activated).Zip(h.Degrees, Math.Max).ToArray();
                    var change = AddDense(block.Second, activated, degrees);
                    var sum = AddLayer(degrees, h.Levels);
                    _operations.Add(new Operation.Add(h, change, sum));
                    h = sum;
                    break;
            }
        }

        var last = ((ConditionerStep.Dense)network.Steps[^1]).Map;
        _outputs = AddDense(Arrange(last, order.TargetLevels.Count, rows), h, [.. order.TargetLevels.SelectMany(level => Enumerable.Repeat(level, rows.Count))]);
    }

    /// <summary>The row of an input, to be filled before the degree above its own is computed.</summary>
    public Span<float> Input(int input, int stride, FlowScratch scratch) => _layers[0].Buffer(scratch, stride).Slice(_inputRows[input] * stride, stride);

    /// <summary>
    /// Computes what depends on inputs of degrees up to <paramref name="level"/> only, and gives the parameters of the targets of this
    /// level in their order: the rows of the first, of the second and so on, <paramref name="stride"/> apart. To be called for level 0, 1, 2, ...
    /// </summary>
    public Span<float> Advance(int level, int lanes, int stride, FlowScratch scratch)
    {
        foreach (var operation in _operations)
        {
            operation.Run(level, lanes, stride, scratch);
        }

        var start = _outputs.Start(level);
        return _outputs.Buffer(scratch, stride)[(start * stride)..(_outputs.End(level) * stride)];
    }

    private Layer AddLayer(int[] degrees, int levels)
    {
        var layer = new Layer(_layers.Count, degrees, levels);
        _layers.Add(layer);
        return layer;
    }

    private Layer AddActivation(FlowActivation activation, Layer x)
    {
        var y = AddLayer(x.Degrees, x.Levels);
        _operations.Add(new Operation.Activate(activation, x, y));
        return y;
    }

    private Layer AddDense(DenseMap map, Layer x, int[]? degrees = null)
    {
        var y = AddLayer(degrees ?? DegreesThrough(map, x), x.Levels);
        _operations.Add(new Operation.Dense(map, x, y));
        return y;
    }

    private static int[] DegreesThrough(DenseMap map, Layer x)
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

    /// <summary>The units of a layer, sorted by degree.</summary>
    private sealed class Layer
    {
        private readonly int[] _ends;

        public Layer(int number, int[] degrees, int levels)
        {
            (Number, Degrees, Levels) = (number, degrees, levels);
            Sorted = [.. Enumerable.Range(0, degrees.Length).OrderBy(u => degrees[u])];
            RowOf = new int[degrees.Length];
            for (var row = 0; row < Sorted.Length; row++)
            {
                RowOf[Sorted[row]] = row;
            }

            _ends = [.. Enumerable.Range(0, levels).Select(level => degrees.Count(d => d <= level))];
        }

        public int Number { get; }

        /// <summary>Degree of each unit, in the network's order.</summary>
        public int[] Degrees { get; }

        public int Levels { get; }

        /// <summary>The unit in each row.</summary>
        public int[] Sorted { get; }

        /// <summary>The row of each unit.</summary>
        public int[] RowOf { get; }

        /// <summary>First row of this degree.</summary>
        public int Start(int level) => level == 0 ? 0 : _ends[level - 1];

        /// <summary>Rows of degrees up to this one.</summary>
        public int End(int level) => _ends[level];

        public Span<float> Buffer(FlowScratch scratch, int stride) => scratch.Floats(FirstBuffer + Number, Degrees.Length * stride);

        // Numbers of buffers in the scratch; the layers of the flow use those below.
        private const int FirstBuffer = 8;
    }

    private abstract class Operation(Layer to)
    {
        protected Layer To => to;

        public void Run(int level, int lanes, int stride, FlowScratch scratch)
        {
            var (start, end) = (to.Start(level), to.End(level));
            if (start < end)
            {
                Run(level, start, end, lanes, stride, scratch);
            }
        }

        protected abstract void Run(int level, int start, int end, int lanes, int stride, FlowScratch scratch);

        public sealed class Dense : Operation
        {
            private readonly Layer _from;
            private readonly float[] _weights;
            private readonly float[] _bias;

            public Dense(DenseMap map, Layer from, Layer to)
                : base(to)
            {
                _from = from;
                _weights = new float[map.Weights.Length];
                _bias = new float[map.Outputs];
                for (var row = 0; row < map.Outputs; row++)
                {
                    var unit = to.Sorted[row];
                    _bias[row] = (float)map.Bias[unit];
                    for (var column = 0; column < map.Inputs; column++)
                    {
                        _weights[(row * map.Inputs) + column] = (float)map.Weights[(unit * map.Inputs) + from.Sorted[column]];
                    }
                }
            }

            protected override unsafe void Run(int level, int start, int end, int lanes, int stride, FlowScratch scratch)
            {
                var inputs = _from.Degrees.Length;
                fixed (float* w = _weights, bias = _bias, x = _from.Buffer(scratch, stride), y = To.Buffer(scratch, stride))
                {
                    MatMul.Multiply(
                        new MatMul.View(w + ((long)start * inputs), inputs, 1),
                        new MatMul.View(x, stride, 1),
                        y + ((long)start * stride),
                        stride,
                        end - start,
                        lanes,
                        _from.End(level),
                        MatMul.From.RowBias,
                        bias + start);
                }
            }
        }

        public sealed class Activate(FlowActivation activation, Layer from, Layer to) : Operation(to)
        {
            protected override void Run(int level, int start, int end, int lanes, int stride, FlowScratch scratch)
            {
                var rows = (start * stride)..(end * stride);
                activation.Apply(from.Buffer(scratch, stride)[rows], To.Buffer(scratch, stride)[rows]);
            }
        }

        public sealed class Add(Layer from, Layer change, Layer to) : Operation(to)
        {
            protected override void Run(int level, int start, int end, int lanes, int stride, FlowScratch scratch)
            {
                ReadOnlySpan<float> a = from.Buffer(scratch, stride), b = change.Buffer(scratch, stride);
                var sum = To.Buffer(scratch, stride);
                for (var row = start; row < end; row++)
                {
                    var unit = To.Sorted[row];
                    var x = a.Slice(from.RowOf[unit] * stride, lanes);
                    var dx = b.Slice(change.RowOf[unit] * stride, lanes);
                    System.Numerics.Tensors.TensorPrimitives.Add(x, dx, sum.Slice(row * stride, lanes));
                }
            }
        }
    }
}

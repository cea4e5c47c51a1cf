using System.Numerics.Tensors;

using EventService.Engine.Kernels;

namespace EventService.Generation.Architectures.Flows;

/// <summary>One step of an <see cref="IncrementalConditioner"/>: it gives the units of a layer, degree by degree.</summary>
internal abstract unsafe class ConditionerOperation(ConditionerUnits to)
{
    protected const int Lanes = ConditionerUnits.Lanes;

    protected ConditionerUnits To => to;

    /// <summary>Adds what the units of a block of levels get from units of the levels before; nothing unless the operation is a sum over units.</summary>
    public virtual void Begin(int block, int panels, FlowScratch scratch)
    {
    }

    /// <summary>Gives the units of a level.</summary>
    public void Run(int level, int panels, FlowScratch scratch)
    {
        var (start, end) = (to.Start(level), to.End(level));
        if (start < end)
        {
            Run(level, start, end, panels, scratch);
        }
    }

    protected abstract void Run(int level, int start, int end, int panels, FlowScratch scratch);

    /// <summary>
    /// y = W x + b. The rows of a block of levels take the columns of the levels before it in one product, the remaining ones level by level: all in
    /// the order of the columns, so that where the blocks end changes no bit. Zeros beyond a level's columns are left out.
    /// </summary>
    public sealed class Dense : ConditionerOperation
    {
        private readonly ConditionerUnits _from;
        private readonly float[] _biasArray;
        private readonly float* _bias;

        // By block, null where it takes nothing before its own levels; by level, null where it has no rows.
        private readonly PackedMatrix?[] _before;
        private readonly PackedMatrix?[] _within;
        private readonly int[] _firstColumn;

        public Dense(DenseMap map, ConditionerUnits from, ConditionerUnits to, IReadOnlyList<Range> blocks)
            : base(to)
        {
            _from = from;
            var (rows, columns) = (map.Outputs, map.Inputs);
            (_biasArray, var start) = AlignedFloats.Allocate(rows);
            _bias = (float*)start;
            var weights = new float[map.Weights.Length];
            for (var row = 0; row < rows; row++)
            {
                var unit = to.Sorted[row];
                _bias[row] = (float)map.Bias[unit];
                for (var column = 0; column < columns; column++)
                {
                    weights[(row * columns) + column] = (float)map.Weights[(unit * columns) + from.Sorted[column]];
                }
            }

            PackedMatrix? Pack(int firstRow, int endRow, int firstColumn, int endColumn) =>
                firstRow == endRow ? null : new PackedMatrix(weights.AsSpan(Math.Min(weights.Length, (firstRow * columns) + firstColumn)), columns, endRow - firstRow, endColumn - firstColumn);

            (_before, _within, _firstColumn) = (new PackedMatrix?[blocks.Count], new PackedMatrix?[to.Levels], new int[to.Levels]);
            for (var block = 0; block < blocks.Count; block++)
            {
                var (first, last) = (blocks[block].Start.Value, blocks[block].End.Value - 1);
                var known = first < last ? from.Start(first) : 0;
                _before[block] = known == 0 ? null : Pack(to.Start(first), to.End(last), 0, known);
                for (var level = first; level <= last; level++)
                {
                    _firstColumn[level] = known;
                    _within[level] = Pack(to.Start(level), to.End(level), known, from.End(level));
                }
            }

            FirstRow = [.. blocks.Select(b => to.Start(b.Start.Value))];
        }

        private int[] FirstRow { get; }

        public override void Begin(int block, int panels, FlowScratch scratch)
        {
            if (_before[block] is { } before)
            {
                Multiply(before, FirstRow[block], 0, _bias + FirstRow[block], panels, scratch);
            }
        }

        protected override void Run(int level, int start, int end, int panels, FlowScratch scratch)
        {
            if (_within[level] is { } within)
            {
                Multiply(within, start, _firstColumn[level], _firstColumn[level] == 0 ? _bias + start : null, panels, scratch);
            }
        }

        private void Multiply(PackedMatrix weights, int row, int column, float* bias, int panels, FlowScratch scratch)
        {
            float* x = _from.Panels(scratch, panels), y = To.Panels(scratch, panels);
            weights.Multiply(x + (column * Lanes), _from.PanelStride, y + (row * Lanes), To.PanelStride, panels, bias);
            GC.KeepAlive(_biasArray);
        }
    }

    /// <summary>y = f(x).</summary>
    public sealed class Activate(FlowActivation activation, ConditionerUnits from, ConditionerUnits to) : ConditionerOperation(to)
    {
        protected override void Run(int level, int start, int end, int panels, FlowScratch scratch)
        {
            float* x = from.Panels(scratch, panels) + (start * Lanes), y = To.Panels(scratch, panels) + (start * Lanes);
            var length = (end - start) * Lanes;
            for (var p = 0; p < panels; p++)
            {
                activation.Apply(new ReadOnlySpan<float>(x + (p * (nint)from.PanelStride), length), new Span<float>(y + (p * (nint)To.PanelStride), length));
            }
        }
    }

    /// <summary>y = a + change.</summary>
    public sealed class Add(ConditionerUnits from, ConditionerUnits change, ConditionerUnits to) : ConditionerOperation(to)
    {
        protected override void Run(int level, int start, int end, int panels, FlowScratch scratch)
        {
            float* a = from.Panels(scratch, panels), b = change.Panels(scratch, panels), sum = To.Panels(scratch, panels);
            for (var row = start; row < end; row++)
            {
                var unit = To.Sorted[row];
                var (rowA, rowB) = (from.RowOf[unit] * Lanes, change.RowOf[unit] * Lanes);
                for (nint p = 0; p < panels; p++)
                {
                    TensorPrimitives.Add(
                        new ReadOnlySpan<float>(a + (p * from.PanelStride) + rowA, Lanes),
                        new ReadOnlySpan<float>(b + (p * change.PanelStride) + rowB, Lanes),
                        new Span<float>(sum + (p * To.PanelStride) + (row * Lanes), Lanes));
                }
            }
        }
    }
}

using System.Numerics.Tensors;

using EventService.Engine.Kernels;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Networks;

/// <summary>One step of an <see cref="IncrementalConditioner"/>: it gives the units of a layer, degree by degree.</summary>
internal abstract unsafe class ConditionerOperation(ConditionerUnits to)
{
    protected const int Lanes = ConditionerUnits.Lanes;

    protected ConditionerUnits To => to;

    /// <summary>
    /// Adds what the units of a block of levels get from units of the levels before; nothing unless the operation is a sum over units.
    /// </summary>
    public virtual void Begin(int block, int panels, FlowScratch scratch)
    {
    }

    /// <summary>Takes a condition for each lane; nothing unless the operation has gates.</summary>
    /// <param name="conditions">[conditions, lanes].</param>
    /// <param name="stride">Distance of rows.</param>
    /// <param name="panels">Number of panels, of 16 lanes each.</param>
    /// <param name="scratch">The thread's memory.</param>
    public virtual void SetConditions(ReadOnlySpan<double> conditions, int stride, int panels, FlowScratch scratch)
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
    /// y = W x + b. The rows of a block of levels take the columns of the levels before it in one product, the remaining ones level by
    /// level: all in the order of the columns, so that where the blocks end changes no bit. Zeros beyond a level's columns are left out.
    /// Gates scale W and b in each lane by themselves.
    /// </summary>
    public sealed class Dense : ConditionerOperation
    {
        private readonly ConditionerUnits _from;
        private readonly Product?[] _before;
        private readonly Product?[] _within;
        private readonly int[] _firstRow;
        private readonly DenseMap _map;

        // b in the order of the rows, in float32 or, to be scaled first, in double precision.
        private readonly float[] _biasArray;
        private readonly float* _bias;
        private readonly double[] _gatedBias;

        /// <summary>
        /// A part of W from a row and a column on: packed, or to be scaled by gates. There is one a block, unless it takes nothing before
        /// its own levels, and one a level, unless it has no rows.
        /// </summary>
        private sealed record Product(int Row, int Column, PackedMatrix? Packed, GatedMatrix? Gated);

        public Dense(DenseMap map, ConditionerUnits from, ConditionerUnits to, IReadOnlyList<Range> blocks)
            : base(to)
        {
            _from = from;
            var (rows, columns) = (map.Outputs, map.Inputs);
            (_biasArray, var start) = AlignedFloats.Allocate(rows);
            _bias = (float*)start;
            (_map, _gatedBias) = (map, map.Gate is null ? [] : new double[rows]);
            var weights = new double[map.Weights.Length];
            for (var row = 0; row < rows; row++)
            {
                var unit = to.Sorted[row];
                _bias[row] = (float)map.Bias[unit];
                if (map.Gate is not null)
                {
                    _gatedBias[row] = map.Bias[unit];
                }

                for (var column = 0; column < columns; column++)
                {
                    weights[(row * columns) + column] = map.Weights[(unit * columns) + from.Sorted[column]];
                }
            }

            var single = Array.ConvertAll(weights, w => (float)w);
            Product? Pack(int firstRow, int endRow, int firstColumn, int endColumn)
            {
                if (firstRow == endRow)
                {
                    return null;
                }

                int first = Math.Min(weights.Length, (firstRow * columns) + firstColumn), height = endRow - firstRow, width = endColumn - firstColumn;
                return map.Gate is null
                    ? new Product(firstRow, firstColumn, new PackedMatrix(single.AsSpan(first), columns, height, width), null)
                    : new Product(firstRow, firstColumn, null, new GatedMatrix(weights.AsSpan(first), columns, height, width));
            }

            (_before, _within, _firstRow) = (new Product?[blocks.Count], new Product?[to.Levels], [.. blocks.Select(b => to.Start(b.Start.Value))]);
            for (var block = 0; block < blocks.Count; block++)
            {
                var (first, last) = (blocks[block].Start.Value, blocks[block].End.Value - 1);
                var known = first < last ? from.Start(first) : 0;
                _before[block] = known == 0 ? null : Pack(to.Start(first), to.End(last), 0, known);
                for (var level = first; level <= last; level++)
                {
                    _within[level] = Pack(to.Start(level), to.End(level), known, from.End(level));
                }
            }
        }

        /// <inheritdoc/>
        public override void SetConditions(ReadOnlySpan<double> conditions, int stride, int panels, FlowScratch scratch)
        {
            if (_map.Gate is null)
            {
                return;
            }

            var gates = To.Gates(scratch, panels);
            for (var p = 0; p < panels; p++)
            {
                for (var row = 0; row < To.Count; row++)
                {
                    _map.FillGate(To.Sorted[row], conditions[(p * Lanes)..], stride, gates.Slice((p * To.PanelStride) + (row * Lanes), Lanes));
                }
            }
        }

        public override void Begin(int block, int panels, FlowScratch scratch)
        {
            if (_before[block] is { } before)
            {
                Multiply(before, fromBias: true, panels, scratch);
            }
        }

        protected override void Run(int level, int start, int end, int panels, FlowScratch scratch)
        {
            if (_within[level] is { } within)
            {
                Multiply(within, within.Column == 0, panels, scratch);
            }
        }

        private void Multiply(Product part, bool fromBias, int panels, FlowScratch scratch)
        {
            float* x = _from.Panels(scratch, panels) + (part.Column * Lanes), y = To.Panels(scratch, panels) + (part.Row * Lanes);
            if (part.Gated is { } gated)
            {
                fixed (double* gates = To.Gates(scratch, panels), bias = _gatedBias)
                {
                    gated.Multiply(x, _from.PanelStride, gates + (part.Row * Lanes), To.PanelStride, y, To.PanelStride, panels, fromBias ? bias + part.Row : null);
                }
            }
            else
            {
                part.Packed!.Multiply(x, _from.PanelStride, y, To.PanelStride, panels, fromBias ? _bias + part.Row : null);
            }

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

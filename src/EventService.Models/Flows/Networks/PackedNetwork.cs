using EventService.Engine.Kernels;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Networks;

/// <summary>
/// A <see cref="ConditionerNetwork"/> without masks in float32, for many lanes at a time: panels of 16 lanes, [rows, 16] each, so that
/// activations stream through
/// <see cref="PackedMatrix"/> without being rearranged. A lane's bits depend on nothing but its inputs.
/// </summary>
internal sealed unsafe class PackedNetwork
{
    /// <summary>Lanes of a panel.</summary>
    public const int Lanes = PackedMatrix.PanelLanes;

    // Buffers of the scratch: what an activation gives, the inside of a block, and two that maps write to by turns.
    private const int Activated = 16, Inner = 17, Output = 18;

    private readonly FlowActivation _activation;
    private readonly List<Step> _steps = [];

    /// <summary>h = W f(h) + b, or with <paramref name="Second"/> h = h + W2 f(W f(h) + b) + b2, the first f being there or not.</summary>
    /// <param name="Weights">W.</param>
    /// <param name="Bias">b, pinned, from <paramref name="BiasStart"/> on.</param>
    /// <param name="BiasStart">Its address.</param>
    /// <param name="Rows">Rows of h before the step.</param>
    /// <param name="Activates">Whether the first f is there.</param>
    /// <param name="Second">W2 with b2 as a last column, since its sums start from h.</param>
    private sealed record Step(PackedMatrix Weights, float[] Bias, nint BiasStart, int Rows, bool Activates, PackedMatrix? Second);

    /// <exception cref="ArgumentException">The network does not start with a dense step.</exception>
    public PackedNetwork(ConditionerNetwork network)
    {
        (Inputs, Outputs, _activation) = (network.Inputs, network.Outputs, network.Activation);
        var activates = false;
        foreach (var step in network.Steps)
        {
            switch (step)
            {
                case ConditionerStep.Dense dense:
                    _steps.Add(Pack(dense.Map, activates, null));
                    break;
                case ConditionerStep.Residual block when _steps.Count > 0 && !activates:
                    _steps.Add(Pack(block.First, block.ActivatesInput, WithBias(block.Second)));
                    break;
                case ConditionerStep.Residual:
                    throw new ArgumentException("A velocity network starts with a residual block or has an activation before one, expected a dense step first and activations inside the blocks.");
            }

            activates = step is ConditionerStep.Activate;
        }
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>The outputs of some panels.</summary>
    /// <param name="x">[Inputs, 16] a panel, panels without gaps, at the start of a cache line.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="scratch">Holds the result until it is used again.</param>
    /// <returns>[Outputs, 16] a panel, without gaps.</returns>
    public float* Evaluate(float* x, int panels, FlowScratch scratch)
    {
        var h = x;
        var turn = 0;
        foreach (var step in _steps)
        {
            var from = h;
            if (step.Activates)
            {
                var length = step.Rows * Lanes * panels;
                from = scratch.Aligned(Activated, length);
                _activation.Apply(new ReadOnlySpan<float>(h, length), new Span<float>(from, length));
            }

            var rows = step.Weights.Rows;
            if (step.Second is null)
            {
                h = scratch.Aligned(Output + (turn++ & 1), rows * Lanes * panels);
                step.Weights.Multiply(from, step.Rows * Lanes, h, rows * Lanes, panels, (float*)step.BiasStart);
                continue;
            }

            var stride = (rows + 1) * Lanes;
            var inner = scratch.Aligned(Inner, stride * panels);
            step.Weights.Multiply(from, step.Rows * Lanes, inner, stride, panels, (float*)step.BiasStart);
            for (var p = 0; p < panels; p++)
            {
                var panel = new Span<float>(inner + (p * stride), stride);
                _activation.Apply(panel[..^Lanes], panel[..^Lanes]);
                panel[^Lanes..].Fill(1);
            }

            step.Second.Multiply(inner, stride, h, step.Rows * Lanes, panels, null);
        }

        GC.KeepAlive(this);
        return h;
    }

    private static Step Pack(DenseMap map, bool activates, PackedMatrix? second)
    {
        var (bias, start) = AlignedFloats.Allocate(map.Outputs);
        for (var r = 0; r < map.Outputs; r++)
        {
            ((float*)start)[r] = (float)map.Bias[r];
        }

        return new Step(new PackedMatrix(Array.ConvertAll(map.Weights, w => (float)w), map.Inputs, map.Outputs, map.Inputs), bias, start, map.Inputs, activates, second);
    }

    private static PackedMatrix WithBias(DenseMap map)
    {
        var (rows, columns) = (map.Outputs, map.Inputs + 1);
        var weights = new float[rows * columns];
        for (var r = 0; r < rows; r++)
        {
            for (var k = 0; k < map.Inputs; k++)
            {
                weights[(r * columns) + k] = (float)map.Weights[(r * map.Inputs) + k];
            }

            weights[(r * columns) + map.Inputs] = (float)map.Bias[r];
        }

        return new PackedMatrix(weights, columns, rows, columns);
    }
}

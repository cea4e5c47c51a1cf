using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Flows.Networks;

/// <summary>
/// The units of a layer of a conditioner, sorted by degree: those of degree d are neighbouring rows. In memory a layer is in panels of 16
/// lanes, [units, 16] each.
/// </summary>
internal sealed unsafe class ConditionerUnits
{
    public const int Lanes = EventService.Engine.Kernels.PackedMatrix.PanelLanes;

    // Numbers of buffers in the scratch; the layers of the flow use those below.
    private const int FirstBuffer = 8;

    private readonly int[] _ends;
    private readonly int _buffer;

    /// <param name="number">Number of the layer's buffer.</param>
    /// <param name="degrees">Degree of each unit, in the network's order.</param>
    /// <param name="levels">Number of degrees.</param>
    public ConditionerUnits(int number, int[] degrees, int levels)
    {
        (_buffer, Degrees, Levels) = (FirstBuffer + number, degrees, levels);
        Sorted = [.. Enumerable.Range(0, degrees.Length).OrderBy(u => degrees[u])];
        RowOf = new int[degrees.Length];
        for (var row = 0; row < Sorted.Length; row++)
        {
            RowOf[Sorted[row]] = row;
        }

        _ends = [.. Enumerable.Range(0, levels).Select(level => degrees.Count(d => d <= level))];
    }

    /// <summary>Degree of each unit, in the network's order.</summary>
    public int[] Degrees { get; }

    public int Levels { get; }

    /// <summary>The unit in each row; among units of one degree in the network's order.</summary>
    public int[] Sorted { get; }

    /// <summary>The row of each unit.</summary>
    public int[] RowOf { get; }

    public int Count => Degrees.Length;

    /// <summary>Floats from a panel to the next.</summary>
    public int PanelStride => Count * Lanes;

    /// <summary>Rows of degrees below this one.</summary>
    public int Start(int level) => level == 0 ? 0 : _ends[level - 1];

    /// <summary>Rows of degrees up to this one.</summary>
    public int End(int level) => _ends[level];

    /// <summary>The first panel.</summary>
    public float* Panels(FlowScratch scratch, int panels) => scratch.Aligned(_buffer, panels * PanelStride);

    /// <summary>Factors of the units, as far apart as these; of no meaning where they have no gates.</summary>
    public Span<double> Gates(FlowScratch scratch, int panels) => scratch.Doubles(_buffer, panels * PanelStride);
}

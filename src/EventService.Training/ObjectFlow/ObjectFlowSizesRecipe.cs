using EventService.Models.ObjectFlow;

namespace EventService.Training.ObjectFlow;

/// <summary>Sizes of the networks: see <see cref="ObjectFlowHyperparameters"/>.</summary>
public sealed record ObjectFlowSizesRecipe
{
    private static readonly ObjectFlowHyperparameters s_default = new();

    public required string Family { get; init; }

    public int Width { get; init; } = s_default.Width;

    public int Blocks { get; init; } = s_default.Blocks;

    public int HeadWidth { get; init; } = s_default.HeadWidth;

    public int AzimuthWidth { get; init; } = s_default.AzimuthWidth;

    public int Bins { get; init; } = s_default.Bins;

    public int AzimuthKnots { get; init; } = s_default.AzimuthKnots;

    public bool Imbalance { get; init; } = s_default.Imbalance;

    public double RecoilWidth { get; init; } = s_default.RecoilWidth;

    internal string? Fault() => ObjectFlowFile.Fault(Of(0));

    internal ObjectFlowHyperparameters Of(int conditions) => new()
    {
        Width = Width,
        Blocks = Blocks,
        HeadWidth = HeadWidth,
        AzimuthWidth = AzimuthWidth,
        Bins = Bins,
        AzimuthKnots = AzimuthKnots,
        Imbalance = Imbalance,
        RecoilWidth = RecoilWidth,
        Conditions = conditions,
    };
}

namespace EventService.Models.Conditions;

/// <summary>What a process gives at values of its parameters.</summary>
/// <param name="CrossSectionPb">Cross-section before the event selection [pb].</param>
/// <param name="SelectionEfficiency">Share of the events that pass it.</param>
public readonly record struct PointYield(double CrossSectionPb, double SelectionEfficiency)
{
    /// <summary>Cross-section after the selection [pb]: what each event of a sample weighs.</summary>
    public double WeightPb => CrossSectionPb * SelectionEfficiency;

    /// <summary>Events expected after the selection: weight [pb] times luminosity [1/fb] times 1000.</summary>
    public double ExpectedEvents(double lumi) => WeightPb * lumi * 1000; // 1/fb = 1000/pb
}

using EventService.Models.Conditions;

namespace EventService.Training;

/// <summary>How many events of its process a model stands for.</summary>
/// <param name="CrossSectionPb">Cross-section before the event selection [pb].</param>
/// <param name="SelectionEfficiency">Share of the events that pass the selection.</param>
/// <param name="SumOfWeights">Expected events in 10/fb after the selection.</param>
public sealed record ModelYield(double CrossSectionPb, double SelectionEfficiency, double SumOfWeights)
{
    /// <summary>Of a cross-section and an efficiency.</summary>
    public static ModelYield Of(double crossSectionPb, double efficiency) =>
        new(crossSectionPb, efficiency, SampleTotals.ExpectedEvents(crossSectionPb, efficiency));

    /// <summary>Of trained points that each have their own: the means.</summary>
    public static ModelYield Of(ConditionDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return Of(domain.Points.Average(p => p.CrossSectionPb!.Value), domain.Points.Average(p => p.SelectionEfficiency!.Value));
    }

    /// <summary>Of a file whose weights add up to the events expected in 10/fb.</summary>
    public static ModelYield OfWeights(double sumOfWeights, double crossSectionPb) =>
        new(crossSectionPb, SampleTotals.SelectionEfficiency(sumOfWeights, crossSectionPb), sumOfWeights);
}

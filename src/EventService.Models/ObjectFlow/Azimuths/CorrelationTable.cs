using System.Text.Json.Serialization;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>The logarithm of a factor of a density as a function of x: linear between equidistant nodes, zero outside.</summary>
/// <param name="Lowest">x of the first node.</param>
/// <param name="Highest">x of the last node.</param>
/// <param name="LogFactor">Values at the nodes, at least two.</param>
public sealed record CorrelationTable(double Lowest, double Highest, double[] LogFactor)
{
    /// <summary>Number of intervals.</summary>
    public int Bins { get; } = LogFactor.Length - 1;

    /// <summary>Intervals in a unit of x.</summary>
    [JsonIgnore]
    public double Scale { get; } = (LogFactor.Length - 1) / (Highest - Lowest);

    // Range of fitted logarithms: objects in e^-12 of the expected number are as good as none.
    internal const double Least = -12, Greatest = 4;

    /// <summary>True for a node where the window ends inside the range of x: there the table joins factor one.</summary>
    internal bool JoinsOne(int node) => (node == 0 && Lowest > 0) || node == Bins;
}

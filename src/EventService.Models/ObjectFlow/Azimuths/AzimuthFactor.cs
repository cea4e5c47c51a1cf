using EventService.Numerics.Functions;

namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>What x a factor's table is a function of.</summary>
internal enum AzimuthFactorKind
{
    /// <summary>The squared distance in eta and phi.</summary>
    Separation,

    /// <summary>A squared mass.</summary>
    Mass,

    /// <summary>The smaller one of two squared masses.</summary>
    SmallerMass,

    /// <summary>A squared mass, weighted by how near a second one is to that of the W.</summary>
    Cascade,

    /// <summary>The root of a squared transverse momentum.</summary>
    Balance,

    /// <summary>The fourth root of a squared transverse momentum or mass.</summary>
    FourthRoot,

    /// <summary>The fourth root of a squared mass, weighted by how hard the objects are together.</summary>
    HardMass,
}

/// <summary>
/// One factor of an azimuth's density: a table of x, with x = offset + (phi - phi_p)^2 for a separation and x = offset - cos phi_p cos phi
/// - sin phi_p sin phi, both scaled, for a squared mass. Azimuths relative to the recoil.
/// </summary>
/// <param name="Table">Number of the table.</param>
/// <param name="Field">Field of the density that the factor belongs to.</param>
/// <param name="Kind">What the table is a function of.</param>
/// <param name="Offset">Squared distance in eta, or squared mass at right angles [GeV^2].</param>
/// <param name="Cos">Coefficient of cos phi [GeV^2].</param>
/// <param name="Sin">Coefficient of sin phi [GeV^2].</param>
/// <param name="Phi">Azimuth of the other object of a separation.</param>
internal readonly record struct AzimuthFactor(int Table, int Field, AzimuthFactorKind Kind, double Offset, double Cos, double Sin, double Phi)
{
    /// <summary>Half the difference of the greatest and the smallest squared mass [GeV^2].</summary>
    public double Scale => Math.Sqrt((Cos * Cos) + (Sin * Sin));

    /// <summary>The place of the second mass or squared transverse momentum, where the kind has one.</summary>
    public double SecondOffset { get; init; }

    public double SecondCos { get; init; }

    public double SecondSin { get; init; }

    public AzimuthFactor WithSecond(AzimuthFactorKind kind, in AzimuthFactor second) =>
        this with { Kind = kind, SecondOffset = second.Offset, SecondCos = second.Cos, SecondSin = second.Sin };

    /// <summary>
    /// Where in its table the factor stands at the azimuth with this cosine and sine, and its weight; outside, not from 0 to below the
    /// number of bins.
    /// </summary>
    public (double Place, double Weight) PlaceAt(CorrelationTable table, double cos, double sin)
    {
        double mass = Offset - (cos * Cos) - (sin * Sin), second = SecondOffset - (cos * SecondCos) - (sin * SecondSin);
        var x = Kind switch
        {
            AzimuthFactorKind.Separation => Offset + Square(Math.IEEERemainder(Atan2.Of(sin, cos) - Phi, 2 * Math.PI)),
            AzimuthFactorKind.SmallerMass => Math.Min(mass, second),
            AzimuthFactorKind.Balance => Math.Sqrt(Math.Max(mass, 0)),
            AzimuthFactorKind.FourthRoot or AzimuthFactorKind.HardMass => Math.Sqrt(Math.Sqrt(Math.Max(mass, 0))),
            _ => mass,
        };
        var weight = Kind switch
        {
            AzimuthFactorKind.Cascade => Math.Max(1 - (Math.Abs(second - AzimuthCorrelations.CascadeCentre) / AzimuthCorrelations.CascadeReach), 0),
            AzimuthFactorKind.HardMass => Math.Clamp((second - AzimuthCorrelations.HardLowest) / (AzimuthCorrelations.HardHighest - AzimuthCorrelations.HardLowest), 0, 1),
            _ => 1,
        };

        // Rounding must not carry a mass of zero out of a window that begins there.
        var place = (x - table.Lowest) * table.Bins / (table.Highest - table.Lowest);
        return (table.Lowest == 0 ? Math.Max(place, 0) : place, weight);
    }

    private static double Square(double x) => x * x;
}

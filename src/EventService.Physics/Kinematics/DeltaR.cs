namespace EventService.Physics.Kinematics;

/// <summary>The distance of two objects in pseudorapidity and azimuth.</summary>
public static class DeltaR
{
    /// <summary>sqrt((eta1 - eta2)^2 + (phi1 - phi2)^2), azimuths in [-pi, pi].</summary>
    public static double Of(double eta1, double phi1, double eta2, double phi2)
    {
        var eta = eta1 - eta2;
        var phi = DeltaPhi.Of(phi1, phi2);
        return Math.Sqrt((eta * eta) + (phi * phi));
    }
}

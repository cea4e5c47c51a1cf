namespace EventService.Physics.Kinematics;

/// <summary>The difference of two azimuths.</summary>
public static class DeltaPhi
{
    /// <summary>phi1 - phi2 by the short way round, in [-pi, pi]; both azimuths in [-pi, pi] [rad].</summary>
    public static double Of(double phi1, double phi2)
    {
        var difference = phi1 - phi2;
        return difference > Math.PI ? difference - (2 * Math.PI)
            : difference < -Math.PI ? difference + (2 * Math.PI)
            : difference;
    }
}

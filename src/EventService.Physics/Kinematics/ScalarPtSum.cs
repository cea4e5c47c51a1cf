namespace EventService.Physics.Kinematics;

/// <summary>The scalar sum of transverse momenta, known as H_T when it runs over the jets [GeV].</summary>
public static class ScalarPtSum
{
    /// <summary>Sum in the order of the objects.</summary>
    public static double Of(ReadOnlySpan<double> pt)
    {
        var sum = 0.0;
        foreach (var x in pt)
        {
            sum += x;
        }

        return sum;
    }
}

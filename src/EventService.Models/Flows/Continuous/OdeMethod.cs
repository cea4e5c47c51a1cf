using System.Text.Json.Serialization;

namespace EventService.Models.Flows.Continuous;

/// <summary>How the path of an event along a velocity field is computed; part of the model, since its bits depend on it.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "method", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(Midpoint), "midpoint")]
[JsonDerivedType(typeof(Adaptive), "adaptive")]
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public abstract record OdeMethod
{
    private OdeMethod()
    {
    }

    /// <summary>The methods and their fields, for messages.</summary>
    public const string Methods = "midpoint (steps), adaptive (tolerance)";

    /// <summary>What is wrong with the parameters; null if nothing is.</summary>
    public abstract string? Fault();

    /// <summary>
    /// Steps x' = x + h v(x + h/2 v(x, t), t + h/2), all equal: the explicit midpoint rule, error O(h^2). The density is that of the steps
    /// themselves, not of the limit h to 0: each is inverted, and its Jacobian's determinant taken.
    /// </summary>
    /// <param name="Steps">Steps of a whole leg of the path; a part of one takes as many as its share, rounded up.</param>
    public sealed record Midpoint(int Steps) : OdeMethod
    {
        public override string? Fault() => Steps is >= 1 and <= 1000 ? null : $"midpoint has {Steps} steps, expected 1 to 1000";
    }

    /// <summary>
    /// Steps of orders 5 and 4 (J. R. Dormand and P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19, RK5(4)7M) whose length each event
    /// controls for itself, so that the difference of both orders stays below the tolerance times 1 + |x|. The density is the integral of
    /// the field's divergence along the way back, in double precision with 1 % of the tolerance.
    /// </summary>
    /// <param name="Tolerance">Error of a step, in units of the flow's numbers.</param>
    public sealed record Adaptive(double Tolerance) : OdeMethod
    {
        public override string? Fault() => Tolerance is >= 1e-6 and <= 0.1 ? null : $"adaptive has the tolerance {Tolerance}, expected 1e-6 to 0.1";
    }
}

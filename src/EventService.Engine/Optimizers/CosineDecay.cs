using EventService.Numerics.Functions;

namespace EventService.Engine.Optimizers;

/// <summary>
/// From the highest rate to the lowest along half a cosine (Loshchilov and Hutter, "SGDR", ICLR 2017, arXiv:1608.03983, eq. 5, one
/// period), then constant.
/// </summary>
/// <param name="Highest">Rate of step 0.</param>
/// <param name="Steps">Step at which the lowest rate is reached.</param>
/// <param name="Lowest">Rate from then on.</param>
public sealed record CosineDecay(double Highest, long Steps, double Lowest = 0) : ILearningRateSchedule
{
    public double At(long step) =>
        step >= Steps ? Lowest : Lowest + (0.5 * (Highest - Lowest) * (1 + SinCos.Of(Math.PI * step / Steps).Cos));
}

using EventService.Numerics.Functions;

namespace EventService.Engine.Optimizers;

/// <summary>
/// Cosine decay that starts again after every period (Loshchilov and Hutter, "SGDR", ICLR 2017, arXiv:1608.03983, eq. 5).
/// </summary>
/// <param name="Highest">Rate at each start.</param>
/// <param name="FirstPeriod">Steps of the first period, T_0.</param>
/// <param name="Multiplier">Each period is this many times the one before, T_mult.</param>
/// <param name="Lowest">Rate that the end of a period approaches.</param>
public sealed record CosineWarmRestarts(double Highest, long FirstPeriod, int Multiplier = 1, double Lowest = 0) : ILearningRateSchedule
{
    /// <summary>Steps of the first period, T_0.</summary>
    public long FirstPeriod { get; } = FirstPeriod > 0
        ? FirstPeriod
        : throw new ArgumentOutOfRangeException(nameof(FirstPeriod), FirstPeriod, "A period has at least one step.");

    /// <summary>Each period is this many times the one before, T_mult.</summary>
    public int Multiplier { get; } = Multiplier > 0
        ? Multiplier
        : throw new ArgumentOutOfRangeException(nameof(Multiplier), Multiplier, "Periods cannot shrink: expected 1 or more.");

    public double At(long step)
    {
        var period = FirstPeriod;
        if (Multiplier == 1)
        {
            step %= period;
        }

        while (step >= period)
        {
            step -= period;
            period *= Multiplier;
        }

        return Lowest + (0.5 * (Highest - Lowest) * (1 + SinCos.Of(Math.PI * step / period).Cos));
    }
}

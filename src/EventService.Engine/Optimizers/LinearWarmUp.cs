namespace EventService.Engine.Optimizers;

/// <summary>
/// Raises the rate linearly to the start of another schedule, which then begins (Goyal et al. 2017, arXiv:1706.02677, sec. 2.2).
/// </summary>
/// <param name="Steps">Steps of the rise; the first one has 1/Steps of the rate, the last one all of it.</param>
/// <param name="Then">The schedule that follows, from its step 0.</param>
public sealed record LinearWarmUp(long Steps, ILearningRateSchedule Then) : ILearningRateSchedule
{
    public double At(long step) => step < Steps ? Then.At(0) * (step + 1) / Steps : Then.At(step - Steps);
}

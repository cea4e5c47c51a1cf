namespace EventService.Engine.Optimizers;

/// <summary>A learning rate for every step: a pure function, so that a resumed training goes on as if never interrupted.</summary>
public interface ILearningRateSchedule
{
    /// <summary>The rate of a step, counted from 0.</summary>
    double At(long step);
}

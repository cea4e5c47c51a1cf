using EventService.Engine.Optimizers;
using EventService.Engine.Tensors;

namespace EventService.Training;

/// <summary>Parameters that are moved together, by their own optimiser and at their own pace.</summary>
/// <param name="Name">Among the groups of a training.</param>
/// <param name="First">Its first parameter in the task's set.</param>
/// <param name="End">The first one that is not in it.</param>
/// <param name="Optimizer">The optimizer of the task's set; asked for these parameters only.</param>
/// <param name="Schedule">Learning rate by the group's own steps.</param>
public sealed record ParameterGroup(string Name, int First, int End, Optimizer Optimizer, ILearningRateSchedule Schedule)
{
    /// <summary>Steps in a row in each cycle through the groups, each with a batch of its own.</summary>
    public int Turns { get; init; } = 1;

    /// <summary>Largest norm of the gradient of the mean loss.</summary>
    public double GradientClip { get; init; } = double.PositiveInfinity;

    /// <summary>Decay a step of the running average.</summary>
    public double AverageDecay { get; init; }

    /// <summary>
    /// All parameters in one group, as the options say: AdamW; linear warm-up, then a cosine to zero at the end of the last epoch.
    /// </summary>
    /// <param name="parameters">The set.</param>
    /// <param name="options">How they are trained.</param>
    /// <param name="schedule">Another learning rate; null for the one of the options.</param>
    /// <param name="totalSteps">Steps of the training.</param>
    public static ParameterGroup Whole(ParameterSet parameters, TrainingOptions options, ILearningRateSchedule? schedule, long totalSteps)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        var cosine = new CosineDecay(options.LearningRate, Math.Max(1, totalSteps - options.WarmUpSteps));
        var optimizer = new AdamW(parameters, new AdamWOptions { WeightDecay = options.WeightDecay });
        schedule ??= new LinearWarmUp(options.WarmUpSteps, cosine);
        return new ParameterGroup("all", 0, parameters.Parameters.Count, optimizer, schedule)
        {
            GradientClip = options.GradientClip,
            AverageDecay = options.AverageDecay,
        };
    }
}

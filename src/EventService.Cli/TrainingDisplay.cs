using System.Globalization;

using EventService.Training;

namespace EventService.Cli;

/// <summary>One line every few seconds and one an epoch: readable on a terminal and in the log of a run left alone.</summary>
internal sealed class TrainingDisplay(TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    private readonly long _start = time.GetTimestamp();
    private long? _shown;
    private long _firstStep = -1;

    public void Show(TrainingProgress progress)
    {
        if (_firstStep < 0)
        {
            _firstStep = progress.Step - 1;
        }

        if (!progress.EpochEnd && _shown is { } shown && time.GetElapsedTime(shown) < s_interval)
        {
            return;
        }

        _shown = time.GetTimestamp();
        var perStep = time.GetElapsedTime(_start) / Math.Max(1, progress.Step - _firstStep);
        var left = perStep * (progress.TotalSteps - progress.Step);
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"epoch {progress.Epoch + 1,3}  step {progress.Step,6}/{progress.TotalSteps}  {Losses(progress)}  "
            + $"{progress.EventsPerSecond,7:N0} events/s  left {left:hh\\:mm\\:ss}");
        output.WriteLine(progress.EpochEnd
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{line}  validation {Name(progress.Metric)}{progress.Validation:F4}  best {progress.BestValidation:F4}")
            : line);
    }

    /// <summary>Each group's loss, with its name where there are several.</summary>
    private static string Losses(TrainingProgress progress) => string.Join("  ", progress.Losses.Select(loss => string.Create(
        CultureInfo.InvariantCulture, $"loss {(progress.Losses.Count > 1 ? loss.Group + " " : "")}{loss.Mean:F4}")));

    /// <summary>A loss needs no name.</summary>
    private static string Name(ValidationMetric metric) => metric == ValidationMetric.Loss ? "" : metric.Name + " ";
}

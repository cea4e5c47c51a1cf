using Spectre.Console;
using Spectre.Console.Rendering;

namespace EventService.Cli;

/// <summary>Events per second.</summary>
internal sealed class RateColumn : ProgressColumn
{
    public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime)
    {
        var rate = task.Speed ?? (task.ElapsedTime is { TotalSeconds: > 0 } elapsed ? task.Value / elapsed.TotalSeconds : 0);
        return new Text($"{task.Value:N0} events, {rate:N0}/s");
    }
}

using System.Diagnostics;

using EventService.Engine.Random;

namespace EventService.FunctionalTests;

/// <summary>The command line program as users run it: killed without warning, resumed, and compared with a run left alone.</summary>
public sealed class TrainResumeTests : IDisposable
{
    private const int Kills = 4;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-train-").FullName;

    [Fact]
    public async Task Train_KilledAtRandomMomentsAndResumed_WritesTheModelOfAnUninterruptedRun()
    {
        Assert.False(await WasKilledAsync("whole", resume: false, killAfter: null));

        // Each process is killed at a random time after its first checkpoint, two steps on: in steps, validation or writing.
        var random = new PhiloxStream(8, 0);
        var killed = 0;
        while (killed < Kills && await WasKilledAsync("cut", resume: killed > 0, killAfter: TimeSpan.FromMilliseconds(100 * random.NextDouble())))
        {
            killed++;
        }

        // A fast machine may be done before the last kills; what it wrote is judged all the same.
        Assert.True(killed > 0, "the training was over before it could be killed");
        Assert.False(await WasKilledAsync("cut", resume: true, killAfter: null));
        Assert.Equal(await ModelAsync("whole"), await ModelAsync("cut"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// Trains to model.safetensors in a folder of its own (the file's name is part of the model); whether SIGKILL ended it.
    /// </summary>
    /// <param name="name">Folder.</param>
    /// <param name="resume">With --resume.</param>
    /// <param name="killAfter">Time from this process's first checkpoint to SIGKILL; null for none.</param>
    private async Task<bool> WasKilledAsync(string name, bool resume, TimeSpan? killAfter)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        var output = Path.Combine(folder, "model.safetensors");
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "eventservice.dll"), "train", TestFile.Path("ttbar-300.csv"), "--output", output, "--cross-section", "800", "--epochs", "15",
            "--batch", "64", "--shard", "32", "--width", "16", "--bins", "6", "--checkpoint-steps", "2", "--acceptance-events", "2048", "--calibration-rounds", "2", "--calibration-events", "4096", "--threads", "2",
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (resume)
        {
            start.ArgumentList.Add("--resume");
        }

        var checkpoint = output + ".checkpoint";
        var before = File.GetLastWriteTimeUtc(checkpoint);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        using var timeout = new CancellationTokenSource(s_patience);
        if (killAfter is { } delay)
        {
            while (File.GetLastWriteTimeUtc(checkpoint) == before && !process.HasExited)
            {
                await Task.Delay(5, timeout.Token);
            }

            await Task.Delay(delay, timeout.Token);
            process.Kill();
        }

        await process.WaitForExitAsync(timeout.Token);
        if (process.ExitCode == 0)
        {
            Assert.True(File.Exists(output));
            return false;
        }

        // 128 + SIGKILL, and no model under its name.
        Assert.True(killAfter is not null && process.ExitCode == 137, $"exit code {process.ExitCode}: {await error}");
        Assert.False(File.Exists(output));
        return true;
    }

    private Task<byte[]> ModelAsync(string name) => File.ReadAllBytesAsync(Path.Combine(_folder, name, "model.safetensors"));
}

using System.CommandLine;

using EventService.Engine.Serialization;
using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Physics.Formats;
using EventService.Registry;
using EventService.Registry.Databases;
using EventService.Training.Runs;
using Grpc.Core;

using Spectre.Console;

namespace EventService.Cli;

/// <summary>Output for people: progress and errors on standard error, so that standard output holds data only.</summary>
public static class Terminal
{
    private static IAnsiConsole Error { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Runs a command line; 0 if it worked, 1 if it did not, 130 if it was interrupted.</summary>
    public static async Task<int> RunAsync(RootCommand root, string[] args, TextWriter error, TextWriter? output = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            return await root.Parse(args)
                .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output ?? Console.Out });
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("eventservice: interrupted");
            return 130;
        }
        catch (Exception e) when (DatabaseFailure.Is(e))
        {
            await error.WriteLineAsync(
                $"eventservice: The registry's database does not answer or cannot be used: {e.GetBaseException().Message}");
            return 1;
        }
        catch (RpcException e)
        {
            await error.WriteLineAsync($"eventservice: {e.Status.Detail}");
            return 1;
        }
        catch (Exception e) when (IsExpected(e))
        {
            await error.WriteLineAsync($"eventservice: {e.Message}");
            return 1;
        }
    }

    /// <summary>Runs work under a progress bar with rate and time left; without one where standard error is not a terminal.</summary>
    /// <param name="description">The work in progress.</param>
    /// <param name="total">Number of events, or null where the end is not known.</param>
    /// <param name="work">Gets what it calls with the number of events done.</param>
    public static Task ProgressAsync(string description, long? total, Func<Action<long>, Task> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Console.IsErrorRedirected
            ? work(_ => { })
            : Error.Progress()
                .Columns(
                    new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RateColumn(),
                    new RemainingTimeColumn())
                .StartAsync(async context =>
                {
                    var task = context.AddTask(Markup.Escape(description), maxValue: total ?? 1);
                    task.IsIndeterminate = total is null;
                    await work(done =>
                    {
                        task.MaxValue = total ?? done + 1;
                        task.Value = done;
                    });
                    task.MaxValue = Math.Max(task.Value, 1);
                    task.IsIndeterminate = false;
                    task.StopTask();
                });
    }

    /// <summary>Runs measurements, each under a progress bar of its own; without bars where standard error is not a terminal.</summary>
    /// <param name="work">Tells of its measurements.</param>
    public static async Task<T> MeasureAsync<T>(Func<IMeasuringProgress, T> work)
    {
        T? result = default;
        await (Console.IsErrorRedirected
            ? Task.Run(() => result = work(new NoBars()))
            : Error.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RateColumn(), new RemainingTimeColumn())
                .StartAsync(async context =>
                {
                    var bars = new Bars(context);
                    await Task.Run(() => result = work(bars));
                    bars.End();
                }));
        return result!;
    }

    private sealed class NoBars : IMeasuringProgress
    {
        public void Begin(string what, long total)
        {
        }

        public void Report(long done)
        {
        }
    }

    private sealed class Bars(ProgressContext context) : IMeasuringProgress
    {
        private ProgressTask? _task;

        public void Begin(string what, long total)
        {
            End();
            _task = context.AddTask(Markup.Escape(what), maxValue: Math.Max(total, 1));
        }

        public void Report(long done) => _task?.Value(done);

        public void End()
        {
            _task?.Value(_task.MaxValue);
            _task?.StopTask();
        }
    }

    /// <summary>Failures that have a sentence for the user; all others are bugs and show their stack.</summary>
    private static bool IsExpected(Exception e) =>
        e is RequestException or RegistryException or ModelFormatException or SafeTensorsException
            or DataFormatException or UnwritableEventException or AttemptsExhaustedException
            or IOException or UnauthorizedAccessException;
}

using System.CommandLine;

namespace EventService.Cli.Bench;

/// <summary>eventservice bench: how a server does under load.</summary>
public static class BenchCommand
{
    public static Command Command() => new("bench", "Measure a server under load.") { BenchServe.Command() };
}

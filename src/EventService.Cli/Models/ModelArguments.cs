using System.CommandLine;

using EventService.Registry.Tables;

namespace EventService.Cli.Models;

/// <summary>Arguments that several verbs share.</summary>
internal static class ModelArguments
{
    public static Argument<string> Name() => new("name") { Description = "Name of the model." };

    public static Argument<int> Version() => new("version") { Description = "Number of the version." };

    public static Option<string> Alias() =>
        new("--alias") { Description = "Name of the alias.", DefaultValueFactory = _ => ModelAlias.Production };

    public static Option<string> Reason() => new("--reason") { Description = "Why; the history keeps it.", Required = true };

    public static Option<int?> Revision() =>
        new("--revision") { Description = "Revision of the alias that you have seen, 0 for a new one; that of now if not given." };
}

using System.CommandLine;

using EventService.Registry.Catalog;

namespace EventService.Cli.Models;

/// <summary>eventservice models list: one line for each model, or for each that fits.</summary>
internal static class ListModels
{
    private static readonly Option<string?> s_process = new("--process") { Description = "Only models of this process." };
    private static readonly Option<string?> s_search = new("--search")
    {
        Description = "Only models with this text in the name or the process.",
    };
    private static readonly Option<string?> s_alias = new("--alias") { Description = "Only models with this alias." };
    private static readonly Option<string?> s_after = new("--after") { Description = "Whose names come after this one." };
    private static readonly Option<int> s_limit = new("--limit")
    {
        Description = "Largest number of models to list.",
        DefaultValueFactory = _ => ModelSearch.DefaultLimit,
    };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("list", "Models by name.") { s_process, s_search, s_alias, s_after, s_limit };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var search = new ModelSearch(
                parsed.GetValue(s_process), parsed.GetValue(s_search), parsed.GetValue(s_alias), parsed.GetValue(s_after),
                parsed.GetValue(s_limit));
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                var page = await models.ListAsync(search, cancellationToken);
                await output.WriteAsync(page.Models, async () =>
                {
                    await output.TableAsync(["MODEL", "PROCESS", "VERSIONS", "LAST", "ALIASES"], page.Models.Select(Row));
                    if (page.Next is { } next)
                    {
                        await output.LineAsync($"There are more: --after {next}");
                    }
                });
            }, cancellationToken);
        });
        return command;
    }

    private static object?[] Row(ModelResponse model) =>
    [
        model.Name, model.Process, model.Versions.Count, model.Versions.Count == 0 ? null : model.Versions[^1].CreatedAt,
        string.Join(' ', model.Aliases.Select(a => $"{a.Key}={a.Value}")),
    ];
}

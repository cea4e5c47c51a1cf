using System.CommandLine;
using System.Text.Json;

using EventService.Models.Conditions;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Registry.Catalog;

namespace EventService.Cli.Models;

/// <summary>eventservice models show: the versions of a model, or one of them with its document.</summary>
internal static class ShowModel
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Argument<int?> s_version = new("version")
    {
        Description = "Number of a version, to see its document.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("show", "The versions of a model, or one version with its document.") { s_name, s_version };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetValue(s_name)!;
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                if (parsed.GetValue(s_version) is { } number)
                {
                    await ShowVersionAsync(output, await models.GetVersionAsync(name, number, cancellationToken));
                }
                else
                {
                    await ShowVersionsAsync(output, await models.GetAsync(name, cancellationToken));
                }
            }, cancellationToken);
        });
        return command;
    }

    private static Task ShowVersionsAsync(ResultWriter output, ModelResponse model) => output.WriteAsync(model, () =>
        output.TableAsync(
            ["VERSION", "STATE", "VALIDATED", "ALIASES", "SIZE", "SHA256", "BY", "AT"],
            model.Versions.Select(v => new object?[]
            {
                v.Version, v.State, v.Validated, string.Join(' ', model.Aliases.Where(a => a.Value == v.Version).Select(a => a.Key)),
                v.SizeBytes, v.Sha256, v.CreatedBy, v.CreatedAt,
            })));

    private static Task ShowVersionAsync(ResultWriter output, VersionDocumentResponse version) => output.WriteAsync(version, () =>
        output.ListAsync(
            ("model", version.Name),
            ("process", version.Process),
            ("version", version.Version),
            ("state", version.State),
            ("validated", version.Validated),
            ("sha256", version.Sha256),
            ("size", version.SizeBytes),
            ("by", version.CreatedBy),
            ("at", version.CreatedAt),
            ("architecture", version.Document.GetProperty("architecture").GetString()),
            ("description", version.Document.GetProperty("description").GetString()),
            ("conditions", Conditions(version.Document))));

    private static string? Conditions(JsonElement json)
    {
        var document = json.Deserialize<ModelDocument>(ModelJson.Options)!;
        return document.Conditions.Count == 0 ? null
            : $"{string.Join("; ", document.Conditions.Select(c => $"{c.Name} [{c.Unit}] {c.Description}"))}: "
                + $"{document.ConditionSpace().HullText}";
    }
}

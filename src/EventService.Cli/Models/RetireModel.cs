using System.CommandLine;

using EventService.Registry.Catalog;
using EventService.Registry.Tables;

namespace EventService.Cli.Models;

/// <summary>eventservice models retire and reactivate: a version that no alias may mean any more, or may again.</summary>
internal static class RetireModel
{
    public static Command Command(RegistryOptions registry, bool retire)
    {
        var (name, version, reason) = (ModelArguments.Name(), ModelArguments.Version(), ModelArguments.Reason());
        var command = retire
            ? new Command("retire", "Retire a version: it is served to those who name its number, and no alias may mean it.")
            {
                name,
                version,
                reason,
            }
            : new Command("reactivate", "Make a retired version active again.") { name, version, reason };
        var state = retire ? ModelVersion.Retired : ModelVersion.Active;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                var changed = await models.SetStateAsync(
                    parsed.GetValue(name)!,
                    parsed.GetValue(version),
                    new SetStateRequest(state, parsed.GetValue(reason)!),
                    cancellationToken);
                await output.WriteAsync(
                    changed, () => output.LineAsync($"{parsed.GetValue(name)} version {changed.Version}: {changed.State}"));
            }, cancellationToken);
        });
        return command;
    }
}

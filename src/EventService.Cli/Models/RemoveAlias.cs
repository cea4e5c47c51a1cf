using System.CommandLine;

using EventService.Registry.Catalog;

namespace EventService.Cli.Models;

/// <summary>eventservice models unalias: removes an alias, of which none is the default.</summary>
internal static class RemoveAlias
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Argument<string> s_alias = new("alias") { Description = "Name of the alias." };
    private static readonly Option<string> s_reason = ModelArguments.Reason();
    private static readonly Option<int?> s_revision = ModelArguments.Revision();

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("unalias", "Remove an alias; its history stays.") { s_name, s_alias, s_reason, s_revision };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (name, alias) = (parsed.GetValue(s_name)!, parsed.GetValue(s_alias)!);
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                await models.RemoveAliasAsync(
                    name, alias, new RemoveAliasRequest(parsed.GetValue(s_reason)!, parsed.GetValue(s_revision)), cancellationToken);
                await output.WriteAsync(new { name, alias, removed = true }, () => output.LineAsync($"{name}: alias {alias} removed"));
            }, cancellationToken);
        });
        return command;
    }
}

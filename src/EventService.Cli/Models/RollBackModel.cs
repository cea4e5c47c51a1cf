using System.CommandLine;

using EventService.Registry.Catalog;

namespace EventService.Cli.Models;

/// <summary>eventservice models rollback: an alias means again what it meant before.</summary>
internal static class RollBackModel
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Option<string> s_alias = ModelArguments.Alias();
    private static readonly Option<string> s_reason = ModelArguments.Reason();
    private static readonly Option<int?> s_revision = ModelArguments.Revision();

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("rollback", "Move an alias (production) back to the version before; again, and it goes further back.")
        {
            s_name,
            s_alias,
            s_reason,
            s_revision,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (name, alias) = (parsed.GetValue(s_name)!, parsed.GetValue(s_alias)!);
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                var revision = parsed.GetValue(s_revision)
                    ?? (await models.GetAliasAsync(name, alias, cancellationToken: cancellationToken)).Revision;
                var request = new MoveAliasRequest(parsed.GetValue(s_reason)!, Rollback: true, Revision: revision);
                await PromoteModel.WriteAsync(output, await models.MoveAliasAsync(name, alias, request, cancellationToken));
            }, cancellationToken);
        });
        return command;
    }
}

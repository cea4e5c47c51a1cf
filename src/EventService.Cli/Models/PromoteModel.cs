using System.CommandLine;

using EventService.Registry;
using EventService.Registry.Catalog;

namespace EventService.Cli.Models;

/// <summary>eventservice models promote: an alias, production if none is named, means another version from now on.</summary>
internal static class PromoteModel
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Argument<int> s_version = ModelArguments.Version();
    private static readonly Option<string> s_alias = ModelArguments.Alias();
    private static readonly Option<string> s_reason = ModelArguments.Reason();
    private static readonly Option<int?> s_revision = ModelArguments.Revision();
    private static readonly Option<bool> s_override = new("--override")
    {
        Description = "Also without a passing validation card; the history says so.",
    };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("promote", "Move an alias (production) to a version.")
        {
            s_name,
            s_version,
            s_alias,
            s_reason,
            s_revision,
            s_override,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (name, alias) = (parsed.GetValue(s_name)!, parsed.GetValue(s_alias)!);
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                var revision = parsed.GetValue(s_revision) ?? await RevisionAsync(models, name, alias, cancellationToken);
                var request = new MoveAliasRequest(
                    parsed.GetValue(s_reason)!, parsed.GetValue(s_version), Revision: revision, Override: parsed.GetValue(s_override));
                await WriteAsync(output, await models.MoveAliasAsync(name, alias, request, cancellationToken));
            }, cancellationToken);
        });
        return command;
    }

    /// <summary>Writes the version that an alias now means.</summary>
    public static Task WriteAsync(ResultWriter output, AliasResponse alias) => output.WriteAsync(alias, () => output.ListAsync(
        ("model", alias.Name),
        ("alias", alias.Alias),
        ("version", alias.Version),
        ("sha256", alias.Sha256),
        ("revision", alias.Revision),
        ("since", alias.Since),
        ("by", alias.Actor),
        ("reason", alias.Reason),
        ("grounds", alias.Grounds)));

    private static async Task<int> RevisionAsync(IModelCatalog models, string name, string alias, CancellationToken cancellationToken)
    {
        try
        {
            return (await models.GetAliasAsync(name, alias, cancellationToken: cancellationToken)).Revision;
        }
        catch (RegistryException e) when (e.Fault == RegistryFault.NotFound)
        {
            // A model that is not there either is refused when the alias is to be moved.
            return 0;
        }
    }
}

using System.CommandLine;

using EventService.Registry.Files;

namespace EventService.Cli.Models;

/// <summary>eventservice models: what the registry can do, of a server or of a database, with the same output.</summary>
public static class ModelsCommand
{
    /// <param name="load">Reads model files; EventGenerator.Load outside tests.</param>
    public static Command Command(ModelLoader load)
    {
        var registry = new RegistryOptions(load);
        var command = new Command("models", "List, publish, promote and retire models of a server or of a local registry.");
        foreach (var verb in new[]
        {
            ListModels.Command(registry), ShowModel.Command(registry), PublishModel.Command(registry), DownloadModel.Command(registry),
            AddCard.Command(registry), ShowCard.Command(registry), PromoteModel.Command(registry), RollBackModel.Command(registry),
            RemoveAlias.Command(registry), ShowHistory.Command(registry), ShowAliasAt.Command(registry),
            RetireModel.Command(registry, retire: true),
            RetireModel.Command(registry, retire: false),
        })
        {
            registry.AddTo(verb);
            command.Subcommands.Add(verb);
        }

        return command;
    }
}

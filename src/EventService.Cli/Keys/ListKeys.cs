using System.CommandLine;

namespace EventService.Cli.Keys;

/// <summary>eventservice keys list.</summary>
internal static class ListKeys
{
    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("list", "All keys, without the keys themselves.");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            await registry.WithKeysAsync(
                parsed, async keys => await KeysCommand.WriteAsync(output, await keys.ListAsync(cancellationToken)), cancellationToken);
        });
        return command;
    }
}

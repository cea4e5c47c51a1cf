using System.CommandLine;
using System.Security.Cryptography;

using EventService.Registry.Versions;

namespace EventService.Cli.Models;

/// <summary>eventservice models publish: a model file as the next version of its model, with its card where there is one.</summary>
internal static class PublishModel
{
    private static readonly Argument<string> s_file = new("file") { Description = "Model file (safetensors)." };
    private static readonly Option<string?> s_name = new("--name") { Description = "Name of the model, if not the one in the file." };
    private static readonly Option<string?> s_card = new("--card")
    {
        Description = "Validation card (card.json of 'eventservice evaluate').",
    };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("publish", "Publish a model file as the next version of its model.") { s_file, s_name, s_card };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var output = registry.Output(parsed);
            var card = parsed.GetValue(s_card) is { } path ? await File.ReadAllTextAsync(path, cancellationToken) : null;
            await using var file = File.OpenRead(parsed.GetValue(s_file)!);
            var sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
            file.Position = 0;
            await registry.WithModelsAsync(parsed, async models =>
            {
                var published = await models.PublishAsync(file, new PublishRequest(parsed.GetValue(s_name), sha256), cancellationToken);
                var added = card is null ? null : await models.AddCardAsync(published.Name, published.Version, card, cancellationToken);
                await output.WriteAsync(published, () => output.LineAsync(
                    $"{published.Name} version {published.Version} ({published.Process}), {published.SizeBytes} bytes, "
                        + $"sha256 {published.Sha256}: "
                    + (published.IsNew ? "published" : "was there already")
                    + (added is null ? "" : added.Passed ? ", card passes" : ", card does not pass")));
            }, cancellationToken, create: true);
        });
        return command;
    }
}

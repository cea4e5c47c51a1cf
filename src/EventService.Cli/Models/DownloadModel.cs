using System.CommandLine;
using System.Security.Cryptography;

using EventService.Registry;
using EventService.Registry.Files;

namespace EventService.Cli.Models;

/// <summary>eventservice models download: the file of a version, checked against its digest.</summary>
internal static class DownloadModel
{
    private static readonly Argument<string> s_name = ModelArguments.Name();
    private static readonly Argument<int?> s_version = new("version")
    {
        Description = "Number of the version; that of the alias if not given.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private static readonly Option<string> s_alias = ModelArguments.Alias();
    private static readonly Option<string?> s_output = new("--output", "-o")
    {
        Description = "File to write; NAME-VERSION.safetensors if not given.",
    };

    public static Command Command(RegistryOptions registry)
    {
        var command = new Command("download", "Download the file of a version.") { s_name, s_version, s_alias, s_output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetValue(s_name)!;
            var output = registry.Output(parsed);
            await registry.WithModelsAsync(parsed, async models =>
            {
                var number = parsed.GetValue(s_version)
                    ?? (await models.GetAliasAsync(name, parsed.GetValue(s_alias)!, cancellationToken: cancellationToken)).Version;
                var version = await models.GetVersionAsync(name, number, cancellationToken);
                var path = parsed.GetValue(s_output) ?? $"{version.Name}-{version.Version}{ModelFile.Extension}";
                using var sha256 = SHA256.Create();
                await using (var file = OutputFile.Open(path))
                await using (var source = await models.OpenFileAsync(version, cancellationToken))
                {
                    await using (var hashing = new CryptoStream(file.Stream, sha256, CryptoStreamMode.Write, leaveOpen: true))
                    {
                        await source.CopyToAsync(hashing, cancellationToken);
                    }

                    var found = Convert.ToHexStringLower(sha256.Hash!);
                    if (found != version.Sha256)
                    {
                        throw new RegistryException(
                            RegistryFault.Unusable,
                            $"What arrived has the sha256 {found}, expected {version.Sha256}: bytes changed on the way. "
                                + "Nothing was written; try again.");
                    }

                    await file.CompleteAsync();
                }

                await output.WriteAsync(
                    version,
                    () => output.LineAsync(
                        $"{version.Name} version {version.Version}, {version.SizeBytes} bytes, sha256 {version.Sha256}: {path}"));
            }, cancellationToken);
        });
        return command;
    }
}

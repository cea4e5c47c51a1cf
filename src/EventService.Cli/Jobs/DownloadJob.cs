using System.CommandLine;
using System.Security.Cryptography;

using EventService.Registry;
using EventService.Registry.Jobs;

namespace EventService.Cli.Jobs;

/// <summary>
/// eventservice jobs download: the parts of a job that is done, each checked against the manifest, which comes last. Run again, it goes on
/// where it was interrupted.
/// </summary>
internal static class DownloadJob
{
    private static readonly Argument<long> s_id = JobsCommand.Id();
    private static readonly Option<string?> s_output = new("--output", "-o") { Description = "Folder for the files; job-ID if not given." };

    public static Command Command(ServerOptions server)
    {
        var command = new Command("download", "Download the files of a job that is done, and check them.") { s_id, s_output };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var id = parsed.GetValue(s_id);
            using var client = server.Open(parsed);
            var jobs = new HttpJobs(client);
            var text = await jobs.ManifestAsync(id, cancellationToken);
            var manifest = JobManifest.FromJson(text);
            var folder = Directory.CreateDirectory(parsed.GetValue(s_output) ?? $"job-{id}").FullName;
            await Terminal.ProgressAsync($"job {id}, {manifest.Receipt.Process}", manifest.Receipt.N, async progress =>
            {
                var done = 0L;
                for (var k = 0; k < manifest.Parts.Count; k++)
                {
                    await PartAsync(jobs, id, k, manifest.Parts[k], folder, cancellationToken);
                    progress(done += manifest.Parts[k].N);
                }
            });
            await File.WriteAllTextAsync(Path.Combine(folder, JobManifest.FileName), text, cancellationToken);
            var output = server.Output(parsed);
            await output.WriteAsync(
                manifest,
                () => output.LineAsync(
                    $"{manifest.Parts.Count} parts, {manifest.Parts.Sum(p => p.Bytes)} bytes, "
                        + $"{manifest.Receipt.N} events of {manifest.Receipt.Model}: {folder}"));
        });
        return command;
    }

    private static async Task PartAsync(
        HttpJobs jobs, long id, int number, ManifestPart part, string folder, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, Path.GetFileName(part.File));
        if (File.Exists(path) && await DigestAsync(path, cancellationToken) == part.Sha256)
        {
            return;
        }

        var partial = path + ".partial";
        await using (var file = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None))
        {
            file.Seek(0, SeekOrigin.End);
            if (file.Length < part.Bytes)
            {
                await using var source = await jobs.OpenPartAsync(id, number, file.Length, cancellationToken);
                await source.CopyToAsync(file, cancellationToken);
            }
        }

        var found = await DigestAsync(partial, cancellationToken);
        if (found != part.Sha256)
        {
            File.Delete(partial);
            throw new RegistryException(
                RegistryFault.Unusable,
                $"What arrived of {part.File} has the sha256 {found}, expected {part.Sha256}: bytes changed on the way, "
                    + "or an earlier download was of another job. The unfinished file is deleted; try again.");
        }

        File.Move(partial, path, overwrite: true);
    }

    private static async Task<string> DigestAsync(string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken));
    }
}

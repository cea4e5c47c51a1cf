using System.Globalization;
using System.Security.Cryptography;

using EventService.Registry.Tables;

namespace EventService.Server.Jobs;

/// <summary>
/// The files of jobs: a folder for each, with part-000000.npy, part-000001.npy, ... and last manifest.json. It has a name of its own,
/// by which a server knows whether it sees the files of a job that another began.
/// </summary>
internal sealed class JobFolder(string root)
{
    private const string NameFile = "folder.id";

    /// <summary>Name of the folder; made at the first call that finds none.</summary>
    public string Name => field ??= ReadName();

    public string PathOf(long job) => Path.Combine(root, job.ToString(CultureInfo.InvariantCulture));

    public string PathOf(long job, string file) => Path.Combine(PathOf(job), file);

    /// <summary>Makes the folder of a job, with nothing in it but these files.</summary>
    public void Prepare(long job, IReadOnlySet<string> keep)
    {
        foreach (var file in Directory.CreateDirectory(PathOf(job)).EnumerateFiles().Where(f => !keep.Contains(f.Name)))
        {
            file.Delete();
        }
    }

    /// <summary>Whether the file of a part is what it was when it was finished.</summary>
    public async Task<bool> HoldsAsync(JobPart part, string name, CancellationToken cancellationToken)
    {
        var file = new FileInfo(PathOf(part.JobId, name));
        if (!file.Exists || file.Length != part.Bytes)
        {
            return false;
        }

        await using var stream = file.OpenRead();
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)) == part.Sha256;
    }

    /// <summary>Jobs that have a folder here.</summary>
    public IReadOnlyList<long> Jobs() => !Directory.Exists(root) ? [] :
        [.. new DirectoryInfo(root).EnumerateDirectories()
            .Select(d => long.TryParse(d.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0)];

    public void Delete(long job)
    {
        try
        {
            Directory.Delete(PathOf(job), recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else was faster, or there was nothing.
        }
    }

    private string ReadName()
    {
        Directory.CreateDirectory(root);
        var path = Path.Combine(root, NameFile);
        if (!File.Exists(path))
        {
            var mine = $"{path}.{Guid.NewGuid():N}";
            File.WriteAllText(mine, Guid.NewGuid().ToString("N"));
            try
            {
                File.Move(mine, path);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(mine); // another server that shares the folder was faster
            }
        }

        return File.ReadAllText(path).Trim();
    }
}

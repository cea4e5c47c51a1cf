using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;

namespace EventService.Registry.Files;

/// <summary>Models from files, without a database: what the command line works with.</summary>
public static class LocalModels
{
    /// <summary>A relative folder is looked for in the working directory, then beside the program.</summary>
    public static string Resolve(string folder) =>
        Directory.Exists(folder) ? folder : Path.Combine(AppContext.BaseDirectory, folder);

    /// <summary>
    /// Loads the model of this process or name; of several files of one model the last by name, as the server has it in production.
    /// </summary>
    /// <param name="folder">Where to look.</param>
    /// <param name="process">Physics process, or null.</param>
    /// <param name="model">Name of a model, path of a model file, or null.</param>
    /// <param name="load">Reads the file that was found.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <exception cref="RegistryException">No model, or more than one, fits; the message lists those there are.</exception>
    /// <exception cref="ModelFormatException">A file is not a model that can be read.</exception>
    public static async Task<EventGenerator> LoadAsync(string folder, string? process, string? model, ModelLoader load, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(load);
        if (model is not null && File.Exists(model))
        {
            return load(await File.ReadAllBytesAsync(model, cancellationToken));
        }

        if (model is null && process is null)
        {
            throw new RegistryException(RegistryFault.Ambiguous, "Neither process nor model is given, expected one of them, such as --process ttbar.");
        }

        var there = new List<(ModelFile File, string Name, string Process)>();
        foreach (var path in ModelFile.In(Resolve(folder)))
        {
            var file = await ModelFile.ReadAsync(path, cancellationToken);
            var (document, _) = file.ReadDocument();
            there.Add((file, document.Name, document.Process));
        }

        var fitting = there.FindAll(m => (model ?? m.Name) == m.Name && (process ?? m.Process) == m.Process);
        if (fitting.Count == 0)
        {
            var known = there.Count == 0 ? "none" : string.Join(", ", there.Select(m => $"'{m.Name}' ({m.Process})").Distinct());
            throw new RegistryException(RegistryFault.NotFound,
                $"No model {(model is null ? $"of process '{process}'" : $"'{model}'")} in {Path.GetFullPath(Resolve(folder))}. There: {known}.");
        }

        var names = fitting.Select(m => m.Name).Distinct().ToArray();
        return names.Length == 1
            ? load(fitting[^1].File.Bytes)
            : throw new RegistryException(RegistryFault.Ambiguous,
                $"Process '{process}' has several models: {string.Join(", ", names.Select(n => $"'{n}'"))}. Name one with --model.");
    }
}

using System.Globalization;

using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Registry;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

namespace EventService.Server.Events;

/// <summary>The parameters that name a model, and the model they mean.</summary>
internal static class ModelSelection
{
    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        new("process", "Physics process; GET /processes lists them.", "ttbar"),
        new("model", "Name of the model, where the process has several; GET /models lists them."),
        new("version", "Number of the version."),
        new("alias", "Alias of the version; production if neither version nor alias is given."),
    ];

    /// <exception cref="RegistryException">No version, or more than one, fits.</exception>
    public static async Task<(ModelVersion Version, EventGenerator Generator)> FindAsync(
        IReadOnlyDictionary<string, string> parameters, VersionLookup versions, GeneratorCache generators, CancellationToken cancellationToken)
    {
        var version = await versions.FindAsync(
            new ModelQuery(
                parameters.GetValueOrDefault("process"),
                parameters.GetValueOrDefault("model"),
                parameters.TryGetValue("version", out var number) ? Number(number) : null,
                parameters.GetValueOrDefault("alias")),
            cancellationToken);
        return (version, await generators.GetAsync(version, cancellationToken));
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new RequestException(RequestFault.BadValue, $"version is '{text}', expected a number such as 1; GET /models lists them.");
}

using System.Globalization;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Sampling;

using Google.Protobuf.Collections;

using V1 = EventService.Contracts.V1;

namespace EventService.Server.Events;

/// <summary>Requests of gRPC as the texts that REST has, so that one parser serves both.</summary>
internal static class GrpcParameters
{
    /// <summary>The parameters of a request for densities, besides conditions.</summary>
    public static IReadOnlyList<RequestParameter> OfDensity { get; } = [.. ModelSelection.Parameters, .. GenerateRequest.Parameters.Where(p => p.Name == "numerics")];

    /// <exception cref="RequestException">A condition has the name of a parameter, or two values.</exception>
    public static Dictionary<string, string> Of(V1.GenerateRequest request)
    {
        var parameters = Model(request.Process, request.Model, request.HasVersion ? request.Version : null, request.Alias, request.Numerics, request.Condition);
        foreach (var (name, text) in request.Scan)
        {
            AddCondition(parameters, name, text);
        }

        Add(parameters, "n", request.HasN ? request.N : null);
        Add(parameters, "seed", request.HasSeed ? request.Seed : null);
        Add(parameters, "first", request.First == 0 ? null : request.First);
        Add(parameters, "columns", request.Columns.Count == 0 ? null : string.Join(',', request.Columns));
        Add(parameters, "cut", Given(request.Cut));
        Add(parameters, "logDensity", request.LogDensity ? "true" : null);
        Add(parameters, "lumi", request.HasLumi ? request.Lumi : null);
        return parameters;
    }

    /// <exception cref="RequestException">A condition has the name of a parameter.</exception>
    public static Dictionary<string, string> Of(V1.DensityStart start) =>
        Model(start.Process, start.Model, start.HasVersion ? start.Version : null, start.Alias, start.Numerics, start.Condition);

    private static Dictionary<string, string> Model(string process, string model, int? version, string alias, string numerics, MapField<string, double> condition)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in condition)
        {
            AddCondition(parameters, name, value.ToString(CultureInfo.InvariantCulture));
        }

        Add(parameters, "process", Given(process));
        Add(parameters, "model", Given(model));
        Add(parameters, "version", version);
        Add(parameters, "alias", Given(alias));
        Add(parameters, "numerics", Given(numerics));
        return parameters;
    }

    private static void AddCondition(Dictionary<string, string> parameters, string name, string text)
    {
        if (GenerateEvents.Parameters.Any(p => p.Name == name))
        {
            throw new RequestException(RequestFault.BadValue, $"'{name}' is given as a condition, but it is a field of the request.");
        }

        if (!parameters.TryAdd(name, text))
        {
            throw new RequestException(RequestFault.BadValue, $"{name} is given in condition as '{parameters[name]}' and in scan as '{text}', expected one value.");
        }
    }

    private static string? Given(string text) => text.Length == 0 ? null : text;

    private static void Add(Dictionary<string, string> parameters, string name, IFormattable? value) =>
        Add(parameters, name, value?.ToString(null, CultureInfo.InvariantCulture));

    private static void Add(Dictionary<string, string> parameters, string name, string? value)
    {
        if (value is not null)
        {
            parameters.Add(name, value);
        }
    }
}

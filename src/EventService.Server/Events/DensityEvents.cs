using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Registry;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Registry.Versions;
using EventService.Server.Callers;
using EventService.Server.Keys;
using EventService.Server.Workers;

namespace EventService.Server.Events;

/// <summary>Densities of events, whatever the transport: the parameters are checked, the model is found, the request is let in.</summary>
internal sealed class DensityEvents(VersionLookup versions, GeneratorCache generators, WorkerPool pool)
{
    /// <param name="parameters">As texts.</param>
    /// <param name="known">The parameters that the transport knows.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="events">About how many events; null where nobody knows yet.</param>
    /// <param name="cancellationToken">Ends the search for the model.</param>
    /// <exception cref="RequestException">A parameter is wrong, or the model has no density.</exception>
    /// <exception cref="RegistryException">No model fits.</exception>
    /// <exception cref="Problems.ProblemException">The request is not let in now.</exception>
    public async Task<DensityRun> OpenAsync(
        IReadOnlyDictionary<string, string> parameters, IReadOnlyList<RequestParameter> known, Caller caller, long? events, CancellationToken cancellationToken)
    {
        var (version, generator) = await ModelSelection.FindAsync(parameters, versions, generators, cancellationToken);
        RequestParameter.RequireKnown(parameters.Keys, known, generator.Document.Conditions);
        RequestValue.RequireNumerics(parameters.GetValueOrDefault("numerics"));
        return generator.Likelihood is { } likelihood
            ? new DensityRun(version, generator, likelihood, DensityConditions.Parse(parameters, generator), pool.Admit(new AdmissionRequest(caller, generator, events)))
            : throw new RequestException(RequestFault.Cannot, $"{ModelArchitectures.WithoutDensity(generator.Document)} GET /models lists all models.");
    }
}

/// <summary>A request for densities that has been let in, until it is disposed of.</summary>
internal sealed record DensityRun(ModelVersion Version, EventGenerator Generator, ILikelihoodModel Likelihood, DensityConditions Conditions, AdmittedRequest Workers) : IDisposable
{
    /// <summary>What a client is told whose densities a server cannot finish.</summary>
    public const string Stopped = "The server is shutting down and cannot finish this request. Ask another.";

    public void Dispose() => Workers.Dispose();
}

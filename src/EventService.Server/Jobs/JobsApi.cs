using System.Globalization;
using System.Text.Json.Nodes;

using EventService.Registry.Databases;
using EventService.Registry.Jobs;
using EventService.Registry.Keys;
using EventService.Registry.Serving;
using EventService.Registry.Tables;
using EventService.Registry.Versions;
using EventService.Server.ApiDocs;
using EventService.Server.Callers;
using EventService.Server.Events;
using EventService.Server.Keys;
using EventService.Server.Problems;
using EventService.Server.Settings;
using EventService.Server.Workers;

using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace EventService.Server.Jobs;

/// <summary>
/// Large productions, into files: asked for, watched, cancelled, downloaded. An owner sees its own jobs, an administrator all.
/// </summary>
internal static class JobsApi
{
    private const string IdempotencyKey = "Idempotency-Key";

    public static IServiceCollection AddJobs(this IServiceCollection services, ServerSettings settings) =>
        services
            .AddSingleton(services => new JobStore(services.GetRequiredService<IDbContextFactory<RegistryContext>>(), services.GetRequiredService<TimeProvider>(), settings.JobsPerOwner))
            .AddSingleton(services => new JobLeases(
                services.GetRequiredService<IDbContextFactory<RegistryContext>>(), services.GetRequiredService<TimeProvider>(), TimeSpan.FromSeconds(settings.JobLeaseSeconds)))
            .AddSingleton(new JobFolder(settings.FolderOfJobs))
            .AddSingleton<SubmitJob>()
            .AddSingleton(services => new JobTools(
                services.GetRequiredService<JobLeases>(), services.GetRequiredService<JobStore>(), services.GetRequiredService<JobFolder>(), services.GetRequiredService<VersionLookup>(),
                services.GetRequiredService<GeneratorCache>(), services.GetRequiredService<WorkerPool>(), settings.Jwt.Quota,
                services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<JobRunner>>()))
            .AddHostedService<JobRunner>();

    public static void MapJobs(this WebApplication app)
    {
        var jobs = app.MapGroup("/jobs").WithTags("Jobs").Takes(KeyScope.Generate)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        jobs.MapPost("", SubmitAsync)
            .WithSummary("Ask for a large production, into files.")
            .WithDescription("Parameters as of /generate, checked now; the answer is the job, with the seed and the version of the model that it keeps. It survives restarts of the server. Give the request a name of its own (header Idempotency-Key, or requestId), and it can be sent again safely: the same name with the same parameters is the same job.")
            .WithMetadata(new OperationDocs(
                SubmitJob.Parameters,
                new Dictionary<string, JsonNode> { ["application/json"] = new JsonObject { ["process"] = "ttbar", ["n"] = "100", ["seed"] = "42" } },
                ["application/json"],
                new Dictionary<string, string> { ["Location"] = "Address of the job." },
                "The job. 200 instead of 202 where this request was sent before.",
                StatusCodes.Status202Accepted));

        jobs.MapGet("", ListAsync)
            .Produces<IReadOnlyList<JobResponse>>()
            .WithSummary("Jobs, the latest first.")
            .WithDescription("state: queued, running, done, failed, cancelled or deleted. owner: for administrators, whose jobs; all if not given. A page has at most 'limit' jobs; where there may be more, the header Link names the next page (rel=\"next\").")
            .ProducesProblem(StatusCodes.Status400BadRequest);

        jobs.MapGet("/{id:long}", async (long id, HttpContext context, JobStore store, ServerSettings settings, CancellationToken cancellationToken) =>
                JobResponse.Of(await FindAsync(id, context, store, cancellationToken), settings.KeepJobs))
            .WithSummary("One job: its state, how far it is, when it will be done.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        jobs.MapDelete("/{id:long}", CancelAsync)
            .Produces<JobResponse>()
            .WithSummary("Cancel a job, or delete the files of one that is finished.")
            .ProducesProblem(StatusCodes.Status404NotFound);

        jobs.MapGet("/{id:long}/manifest", ManifestAsync)
            .Produces<JobManifest>()
            .WithSummary("The manifest of a job that is done: the receipt of the whole and the parts with their ranges, lengths and digests.")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status410Gone);

        jobs.MapMethods("/{id:long}/parts/{part:int}", [HttpMethods.Get, HttpMethods.Head], PartAsync)
            .Produces(StatusCodes.Status200OK, contentType: "application/octet-stream")
            .WithSummary("A finished part of a job, also while the job is running.")
            .WithDescription("Its ETag is its sha256: conditional requests and ranges are answered.")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status410Gone);
    }

    private static async Task<IResult> SubmitAsync(HttpContext context, SubmitJob submit, ServerSettings settings)
    {
        var request = context.Request;
        var parameters = await RequestParameters.ReadAsync(request, settings.JsonBodyBytes, context.RequestAborted);
        var key = request.Headers.TryGetValue(IdempotencyKey, out var values) ? values.ToString() : null;
        var (job, isNew) = await submit.SubmitAsync(parameters, key, context.Caller(), context.RequestAborted);
        var answer = JobResponse.Of(job, settings.KeepJobs);
        context.Response.Headers.Location = $"/jobs/{answer.Id}";
        return isNew ? Results.Accepted($"/jobs/{answer.Id}", answer) : Results.Ok(answer);
    }

    private static async Task<IEnumerable<JobResponse>> ListAsync(
        string? state, string? owner, long? after, int? limit, HttpContext context, JobStore store, ServerSettings settings, CancellationToken cancellationToken)
    {
        var search = new JobSearch(OwnerOf(context) ?? owner, state, after, limit ?? JobSearch.DefaultLimit);
        var jobs = await store.ListAsync(search, cancellationToken);
        if (jobs.Count == search.Limit)
        {
            var query = QueryString.Create(new Dictionary<string, string?>
            {
                ["state"] = state,
                ["owner"] = owner,
                ["limit"] = search.Limit.ToString(CultureInfo.InvariantCulture),
                ["after"] = jobs[^1].Job.Id.ToString(CultureInfo.InvariantCulture),
            }.Where(p => p.Value is not null));
            context.Response.Headers.Link = $"</jobs{query}>; rel=\"next\"";
        }

        return jobs.Select(j => JobResponse.Of(j, settings.KeepJobs));
    }

    private static async Task<JobResponse> CancelAsync(long id, HttpContext context, JobStore store, JobFolder folder, ServerSettings settings, CancellationToken cancellationToken)
    {
        var (job, _, _) = await FindAsync(id, context, store, cancellationToken);
        await store.CancelAsync(id, cancellationToken);
        // Of a running job, whoever works on it deletes the files when it has stopped.
        if (job.State != JobState.Running && job.Folder is not null && job.Folder == folder.Name)
        {
            folder.Delete(id);
        }

        return JobResponse.Of(await store.GetAsync(id, owner: null, cancellationToken), settings.KeepJobs);
    }

    private static async Task<IResult> ManifestAsync(long id, HttpContext context, JobStore store, JobFolder folder, CancellationToken cancellationToken)
    {
        var stored = await FindAsync(id, context, store, cancellationToken);
        RequireFiles(stored.Job, folder);
        return stored.Job.State == JobState.Done
            ? Results.Content(await File.ReadAllTextAsync(folder.PathOf(id, JobManifest.FileName), cancellationToken), "application/json")
            : throw new ProblemException(StatusCodes.Status409Conflict,
                $"Job {id} is {stored.Job.State}, {stored.PartsDone} of {JobRequest.FromJson(stored.Job.Request).Parts} parts are done. The manifest is written when all are.");
    }

    private static async Task<IResult> PartAsync(long id, int part, HttpContext context, JobStore store, JobFolder folder, CancellationToken cancellationToken)
    {
        var (job, _, _) = await FindAsync(id, context, store, cancellationToken);
        RequireFiles(job, folder);
        var request = JobRequest.FromJson(job.Request);
        var found = await store.FindPartAsync(id, part, cancellationToken)
            ?? throw new ProblemException(StatusCodes.Status404NotFound, part < 0 || part >= request.Parts
                ? $"Job {id} has the parts 0 to {request.Parts - 1}, there is no part {part}."
                : $"Part {part} of job {id} is not finished yet; the job is {job.State}.");
        context.Response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(Convert.FromHexString(found.Sha256))}:"; // RFC 9530
        var media = EventMediaType.All.Single(m => m.Format == request.Receipt.Format);
        return Results.Stream(
            Open(folder.PathOf(id, request.FileOf(part))),
            media.MediaType,
            $"{request.Receipt.Process}-{id}-{request.FileOf(part)}",
            entityTag: new EntityTagHeaderValue($"\"{found.Sha256}\""),
            enableRangeProcessing: true);
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1 << 16, useAsync: true);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ProblemException(StatusCodes.Status410Gone, $"The file {Path.GetFileName(path)} is gone from the folder of jobs: it was deleted or moved by hand. The same request with the seed of its receipt makes it again.");
        }
    }

    private static Task<StoredJob> FindAsync(long id, HttpContext context, JobStore store, CancellationToken cancellationToken) =>
        store.GetAsync(id, OwnerOf(context), cancellationToken);

    /// <summary>Whose jobs the caller sees; null for everybody's.</summary>
    private static string? OwnerOf(HttpContext context) => KeyScope.Allow(context.Caller().Scopes, KeyScope.Admin) ? null : context.Caller().Name;

    private static void RequireFiles(Job job, JobFolder folder)
    {
        if (job.State is JobState.Cancelled or JobState.Deleted)
        {
            throw new ProblemException(StatusCodes.Status410Gone, $"Job {job.Id} is {job.State}, its files are gone. The same request with the seed of its receipt makes the same events again.");
        }

        if (job.Folder is not null && job.Folder != folder.Name)
        {
            throw new ProblemException(StatusCodes.Status421MisdirectedRequest, $"The files of job {job.Id} lie in the folder of another server. Ask that server, or let the servers share their folder of jobs (setting JobsFolder).");
        }
    }
}

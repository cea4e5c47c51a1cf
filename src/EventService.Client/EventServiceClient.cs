using EventService.Contracts.V1;

using Grpc.Core;

namespace EventService.Client;

/// <summary>
/// A service of events, over gRPC. Operations that break because the server is away or busy are tried again; a stream of events goes on at
/// the first event that has not come. For several threads.
/// </summary>
/// <remarks>What the server refuses is an <see cref="RpcException"/>; the server's sentence is the Detail of its Status.</remarks>
public sealed class EventServiceClient : IDisposable
{
    private readonly EventServiceClientOptions _options;
    private readonly Channel _channel;

    /// <param name="address">Where the server has gRPC: http://HOST:8081 in clear text, https://HOST:8080 with a certificate.</param>
    /// <param name="options">How to call; null for the defaults.</param>
    public EventServiceClient(Uri address, EventServiceClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        _options = options ?? new EventServiceClientOptions();
        _channel = new Channel(address, _options);
    }

    /// <summary>Begins to generate events; they come as they are read.</summary>
    /// <exception cref="RpcException">The request is refused, or the server cannot be reached.</exception>
    public Task<EventStream> GenerateAsync(GenerateRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return EventStream.OpenAsync(_channel, request, _options, cancellationToken);
    }

    /// <summary>
    /// Log-densities of events, in their order, while they come: blocks are asked for one after another as fast as the server takes them.
    /// A call that breaks is not resumed, since the blocks that were sent are the caller's.
    /// </summary>
    /// <param name="start">Which model.</param>
    /// <param name="blocks">The events; columns as the model's schema has them, such as the blocks of <see cref="EventStream"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="RpcException">The request or a block is refused, or the connection broke.</exception>
    public async IAsyncEnumerable<Densities> DensityAsync(
        DensityStart start, IAsyncEnumerable<EventColumns> blocks, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(blocks);
        var call = new DensityCall(_channel, start, blocks, NewDeadline(), cancellationToken);
        await using var _ = call.ConfigureAwait(false);
        var (events, ended) = (0L, false);
        while (await call.ReadAsync().ConfigureAwait(false) is { } message)
        {
            if (message.Block is { } block)
            {
                events += block.Count;
                yield return block;
            }

            ended |= message.End is { } end && end.Events == events;
        }

        if (!ended)
        {
            throw new RpcException(new Status(
                StatusCode.DataLoss, $"The densities end after {events} events without an end that says so."));
        }
    }

    /// <summary>Physics processes with their models.</summary>
    public async Task<IReadOnlyList<ProcessInfo>> ListProcessesAsync(CancellationToken cancellationToken = default) =>
        (await AskAsync((models, options) => models.ListProcessesAsync(new ListProcessesRequest(), options), cancellationToken)
            .ConfigureAwait(false)).Processes;

    /// <summary>All models that fit, page by page.</summary>
    public async IAsyncEnumerable<ModelInfo> ListModelsAsync(
        ListModelsRequest? request = null, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var next = request?.Clone() ?? new ListModelsRequest();
        do
        {
            var page = await AskAsync((models, options) => models.ListModelsAsync(next, options), cancellationToken).ConfigureAwait(false);
            foreach (var model in page.Models)
            {
                yield return model;
            }

            next.After = page.Next;
        }
        while (next.After.Length > 0);
    }

    public Task<ModelInfo> GetModelAsync(string name, CancellationToken cancellationToken = default) =>
        AskAsync((models, options) => models.GetModelAsync(new GetModelRequest { Name = name }, options), cancellationToken);

    public Task<VersionDetails> GetVersionAsync(string name, int version, CancellationToken cancellationToken = default) =>
        AskAsync(
            (models, options) => models.GetVersionAsync(new GetVersionRequest { Name = name, Version = version }, options),
            cancellationToken);

    public void Dispose() => _channel.Dispose();

    private async Task<T> AskAsync<T>(Func<Models.ModelsClient, CallOptions, AsyncUnaryCall<T>> ask, CancellationToken cancellationToken)
    {
        var deadline = NewDeadline();
        var patience = new Patience(_options, deadline);
        while (true)
        {
            try
            {
                using var call = ask(_channel.Models, _channel.Options(deadline, cancellationToken));
                return await call.ResponseAsync.ConfigureAwait(false);
            }
            catch (RpcException e)
            {
                await patience.WaitAsync(Failures.Explain(e, cancellationToken), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private Deadline NewDeadline() => new(_options.Time, _options.Timeout);
}

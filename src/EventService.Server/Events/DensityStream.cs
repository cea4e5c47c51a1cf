using System.Threading.Channels;

using EventService.Generation.Pipeline;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Physics.Kinds;
using EventService.Server.Grpc;
using EventService.Server.Problems;

using Grpc.Core;

using V1 = EventService.Contracts.V1;

namespace EventService.Server.Events;

/// <summary>
/// Densities of a stream of blocks while it comes: a client may wait for the answer to a block before it sends the next, or send all it
/// has. A bounded number of chunks is in flight; one that does not read is not read from.
/// </summary>
internal sealed class DensityStream(
    DensityRun run, IAsyncStreamReader<V1.DensityRequest> requests, IServerStreamWriter<Outgoing<V1.DensityResponse>> responses)
{
    private readonly ColumnBlockReader _reader = new(run.Conditions.Schema);
    private readonly EventBlockRows _rows = EventKind.Of(run.Conditions.Schema).Rows(run.Conditions.Schema);
    private readonly Channel<DensityChunk> _free = Channel.CreateUnbounded<DensityChunk>();
    private readonly Channel<(DensityChunk Chunk, Task Done)> _running = Channel.CreateUnbounded<(DensityChunk, Task)>();

    /// <summary>Returns the number of events.</summary>
    /// <exception cref="RequestException">A block is faulty.</exception>
    /// <exception cref="DataFormatException">An event is.</exception>
    public Task<long> RunAsync(CancellationToken cancellationToken) => run.Workers.UntilStoppedAsync(AnswerAsync, DensityRun.Stopped, cancellationToken);

    private async Task<long> AnswerAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; i < OrderedPipeline.SlotsFor(run.Workers); i++)
        {
            _free.Writer.TryWrite(new DensityChunk(run.Conditions, new DensityMessages()));
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (taking, giving) = (TakeAsync(stop.Token), GiveAsync(stop.Token));
        try
        {
            // Whichever fails first is the reason.
            await await Task.WhenAny(taking, giving);
            await taking;
            return await giving;
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(taking, giving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (_running.Reader.TryRead(out var left))
            {
                await left.Done.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                left.Chunk.Release();
            }
        }
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var size = run.Workers.ChunkOf(run.Likelihood);
            for (var number = 1L; await requests.MoveNext(cancellationToken); number++)
            {
                var name = $"block {number}";
                var message = requests.Current.Block
                    ?? throw new RequestException(RequestFault.BadValue, $"Message {number + 1} is {(requests.Current.Start is null ? "empty" : "a second start")}, expected a block of events.");
                _reader.Read(message, name);
                for (var first = 0; first < _reader.Block.Count; first += size)
                {
                    var chunk = await _free.Reader.ReadAsync(cancellationToken);
                    chunk.Sample.Clear();
                    _rows.Append(chunk.Sample, _reader.Block, first, Math.Min(size, _reader.Block.Count - first), name);
                    _running.Writer.TryWrite((chunk, run.Workers.RunAsync(chunk, cancellationToken)));
                }
            }
        }
        finally
        {
            _running.Writer.TryComplete();
        }
    }

    private async Task<long> GiveAsync(CancellationToken cancellationToken)
    {
        var events = 0L;
        while (await _running.Reader.WaitToReadAsync(cancellationToken))
        {
            // What is taken out is waited for here; what is left in, by the caller.
            while (_running.Reader.TryRead(out var next))
            {
                await next.Done;
                await responses.WriteAsync(new(next.Chunk.Output.Written), CancellationToken.None);
                events += next.Chunk.Events;
                next.Chunk.Release();
                _free.Writer.TryWrite(next.Chunk);
            }
        }

        return events;
    }
}

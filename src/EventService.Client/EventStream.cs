using System.Globalization;

using EventService.Contracts.V1;

using Grpc.Core;

namespace EventService.Client;

/// <summary>
/// Events as they come: each once, in their order, whatever happens to the connection. A stream that breaks goes on at the first event that
/// has not come, with the same model file, seed and arithmetic, or fails; it never ends early as if it were complete.
/// </summary>
public sealed class EventStream : IDisposable
{
    private readonly Channel _channel;
    private readonly GenerateRequest _request;
    private readonly Deadline _deadline;
    private readonly Patience _patience;
    private readonly CancellationToken _opening;
    private readonly Method<GenerateRequest, GenerateResponse>? _reusing;
    private AsyncServerStreamingCall<GenerateResponse>? _call;
    private GenerateStart? _start;
    private bool _begun;

    private EventStream(Channel channel, GenerateRequest request, EventServiceClientOptions options, CancellationToken opening)
    {
        (_channel, _request, _opening) = (channel, request.Clone(), opening);
        _deadline = new Deadline(options.Time, options.Timeout);
        _patience = new Patience(options, _deadline);
        _reusing = options.ReuseBlocks ? EventBlockReader.Method() : null;
    }

    /// <summary>The columns of the blocks, in their order.</summary>
    public Schema Schema => _start!.Schema;

    /// <summary>All that the events depend on: that of the whole stream, however often it was resumed.</summary>
    public Receipt Receipt => _start!.Receipt;

    /// <summary>Index of the first event that has not come: from here another request would go on.</summary>
    public long Next { get; private set; }

    /// <summary>Events that have come.</summary>
    public long Events { get; private set; }

    /// <summary>How often the stream was resumed.</summary>
    public int Resumptions { get; private set; }

    private long End => Receipt.First + Receipt.N;

    internal static async Task<EventStream> OpenAsync(Channel channel, GenerateRequest request, EventServiceClientOptions options, CancellationToken cancellationToken)
    {
        var stream = new EventStream(channel, request, options, cancellationToken);
        while (true)
        {
            try
            {
                await stream.BeginAsync(cancellationToken).ConfigureAwait(false);
                return stream;
            }
            catch (RpcException e)
            {
                stream.Close();
                await stream._patience.WaitAsync(e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// The blocks, once. With a cut, blocks may be empty: they tell how far the stream is. With
    /// <see cref="EventServiceClientOptions.ReuseBlocks"/> a block is good until the next one is asked for.
    /// </summary>
    /// <exception cref="RpcException">The stream broke and cannot be resumed.</exception>
    public async IAsyncEnumerable<EventColumns> ReadAllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (_begun)
        {
            throw new InvalidOperationException("The blocks of a stream can be read once.");
        }

        _begun = true;
        try
        {
            while (await NextAsync(cancellationToken).ConfigureAwait(false) is { } block)
            {
                Events += block.Count;
                yield return block;
            }
        }
        finally
        {
            // Who stops reading ends the work at the server.
            Close();
        }
    }

    /// <summary>Ends the stream, at the server too.</summary>
    public void Dispose() => Close();

    private async Task<EventColumns?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (_call is null)
                {
                    Resumptions++;
                    await BeginAsync(cancellationToken).ConfigureAwait(false);
                }

                var message = await ReadAsync(cancellationToken).ConfigureAwait(false);
                if (message?.Block is { } block)
                {
                    Accept(block, message.Next);
                    return block;
                }

                if (message?.End is null)
                {
                    throw Failure(StatusCode.Unavailable, "The stream ends without an end that says so.");
                }

                RequireAll();
                await ReadAsync(cancellationToken).ConfigureAwait(false);
                return null;
            }
            catch (RpcException) when (_start is not null && Next == End)
            {
                // Every event is here; only the last words are missing.
                return null;
            }
            catch (RpcException e)
            {
                Close();
                await _patience.WaitAsync(e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Opens a call for what is missing, and reads its start.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        var options = _channel.Options(_deadline, cancellationToken);
        _call = _reusing is { } generate
            ? _channel.Calls.AsyncServerStreamingCall(generate, null, options, _request)
            : _channel.Events.Generate(_request, options);
        var start = (await ReadAsync(cancellationToken).ConfigureAwait(false))?.Start
            ?? throw Failure(StatusCode.Internal, "The stream begins without its start.");
        if (_start is not null)
        {
            RequireSame(start.Receipt);
            return;
        }

        // From here on the request means these events and no others: not the version that is in production later, nor another seed.
        (_start, Next) = (start, start.Receipt.First);
        (_request.Process, _request.Model, _request.Version, _request.Alias) = (Receipt.Process, Receipt.Model, Receipt.Version, "");
        (_request.Seed, _request.Numerics, _request.First, _request.N) = (Receipt.Seed, Receipt.Numerics, Receipt.First, Receipt.N);
    }

    /// <summary>The next message of the call; null behind the last one of a call that ended well.</summary>
    private async Task<GenerateResponse?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _call!.ResponseStream.MoveNext(cancellationToken).ConfigureAwait(false) ? _call.ResponseStream.Current : null;
        }
        catch (RpcException e)
        {
            _opening.ThrowIfCancellationRequested();
            throw Failures.Explain(e, cancellationToken);
        }
    }

    private void Accept(EventColumns block, long next)
    {
        var numbers = block.EventNumbers();
        if (next < Next || next > End || (block.Count > 0 && (numbers[0] < Next || numbers[^1] >= next)))
        {
            throw Failure(StatusCode.DataLoss, string.Create(CultureInfo.InvariantCulture,
                $"A block of {block.Count} events says that {next} is next, expected one of the events from {Next} to {End}."));
        }

        Next = next;
        (_request.First, _request.N) = (Next, Math.Max(1, End - Next));
        _patience.Progress();
    }

    private void RequireAll()
    {
        if (Next != End)
        {
            throw Failure(
                StatusCode.DataLoss, string.Create(CultureInfo.InvariantCulture, $"The stream ends at event {Next}, expected {End}."));
        }
    }

    private void RequireSame(Receipt now)
    {
        if (now.Sha256 != Receipt.Sha256 || now.Numerics != Receipt.Numerics || now.Seed != Receipt.Seed || !now.Condition.Equals(Receipt.Condition) || !now.Scan.Equals(Receipt.Scan))
        {
            throw Failure(StatusCode.FailedPrecondition,
                $"The stream cannot be resumed: it began with model {Receipt.Sha256}, {Receipt.Numerics}, seed {Receipt.Seed}; the server has {now.Sha256}, {now.Numerics}, seed {now.Seed}.");
        }
    }

    private static RpcException Failure(StatusCode status, string sentence) => new(new Status(status, sentence));

    private void Close()
    {
        _call?.Dispose();
        _call = null;
    }
}

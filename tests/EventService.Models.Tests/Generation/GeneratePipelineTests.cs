using System.Buffers;

using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Models.Tests.Generation;

/// <summary>What the pipeline asks of a format's writers: a header, blocks, and an end only where all events went out before it.</summary>
public sealed class GeneratePipelineTests : IDisposable
{
    private const int Count = 700; // chunks of 384 and 316

    private static readonly Lazy<EventGenerator> s_generator = new(() => EventGenerator.Open(Path.Combine(Repository.Root, "models", "ttbar-objects.safetensors")));

    private readonly WorkerThreads _workers = new(2);
    private readonly ArrayBufferWriter<byte> _output = new();

    public void Dispose() => _workers.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("nJet>=4")]
    public async Task RunAsync_ToTheEnd_FinishesOnceBehindTheLastEvent(string cut)
    {
        long? last = null;
        await RunAsync(cut, Write, default);

        var bytes = _output.WrittenSpan.ToArray();
        Assert.Equal((byte)'<', bytes[0]);
        Assert.Equal((byte)'>', bytes[^1]);
        Assert.Equal(bytes.Length - 2, bytes.Count(b => b == '.'));
        Assert.True(cut.Length > 0 ? bytes.Length - 2 is > 0 and < Count : bytes.Length - 2 == Count);
        Assert.Equal(Count, last);

        ValueTask Write(ReadOnlyMemory<byte> bytes, long done, CancellationToken token)
        {
            last = done;
            _output.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task RunAsync_Cancelled_DoesNotFinish()
    {
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync("", Write, stop.Token));
        AssertUnfinished();

        async ValueTask Write(ReadOnlyMemory<byte> bytes, long done, CancellationToken token)
        {
            _output.Write(bytes.Span);
            await stop.CancelAsync();
        }
    }

    [Fact]
    public async Task RunAsync_IntoABrokenConnection_DoesNotFinish()
    {
        await Assert.ThrowsAsync<IOException>(() => RunAsync("", Write, default));
        AssertUnfinished();

        ValueTask Write(ReadOnlyMemory<byte> bytes, long done, CancellationToken token)
        {
            _output.Write(bytes.Span);
            return done == Count ? throw new IOException("the client is gone") : ValueTask.CompletedTask;
        }
    }

    [Fact]
    public async Task RunAsync_OfAnEventThatCannotBeWritten_DoesNotFinish()
    {
        await Assert.ThrowsAsync<UnwritableEventException>(() => RunAsync("", Write, default, refused: Count - 1));
        AssertUnfinished();

        ValueTask Write(ReadOnlyMemory<byte> bytes, long done, CancellationToken token)
        {
            _output.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }
    }

    [Theory]
    [InlineData("npy")]
    [InlineData("jsonl")]
    [InlineData("dm-csv")]
    public async Task RunAsync_InEveryFormat_GivesTheBytesOfOneWriter(string format)
    {
        var request = Request("", format);
        await GeneratePipeline.RunAsync(_workers, s_generator.Value, request, Write, default);

        var block = new EventBlock(s_generator.Value.Model.Schema);
        s_generator.Value.Model.Generate(request.Stream, 0, Count, block, []);
        var whole = new ArrayBufferWriter<byte>();
        var writer = request.CreateWriter(s_generator.Value);
        writer.WriteHeader(whole);
        writer.WriteBlock(block, [], whole);
        writer.Finish(whole);
        Assert.Equal(whole.WrittenSpan.ToArray(), _output.WrittenSpan.ToArray());

        ValueTask Write(ReadOnlyMemory<byte> bytes, long done, CancellationToken token)
        {
            _output.Write(bytes.Span);
            return ValueTask.CompletedTask;
        }
    }

    private static GenerateRequest Request(string cut, string format)
    {
        var values = new Dictionary<string, string> { ["n"] = $"{Count}", ["seed"] = "5", ["format"] = format };
        if (cut.Length > 0)
        {
            values.Add("cut", cut);
        }

        return GenerateRequest.Parse(values, s_generator.Value, format);
    }

    private Task RunAsync(string cut, Func<ReadOnlyMemory<byte>, long, CancellationToken, ValueTask> write, CancellationToken cancellationToken, long refused = -1) =>
        GeneratePipeline.RunAsync(_workers, s_generator.Value, Request(cut, "jsonl"), _ => new Marks(refused), write, cancellationToken);

    private void AssertUnfinished()
    {
        var bytes = _output.WrittenSpan.ToArray();
        Assert.Equal((byte)'<', bytes[0]);
        Assert.DoesNotContain((byte)'>', bytes);
    }

    /// <summary>A header, a point an event and an end; one event cannot be written.</summary>
    private sealed class Marks(long refused) : IEventWriter
    {
        public string ContentType => "text/plain";

        public string FileExtension => ".txt";

        public long? ContentLength(long count) => count + 2;

        public void WriteHeader(IBufferWriter<byte> output) => output.Write("<"u8);

        public void WriteBlock(EventBlock block, ReadOnlySpan<double> logDensity, IBufferWriter<byte> output)
        {
            for (var k = 0; k < block.Count; k++)
            {
                if (block.EventNumber[k] == refused)
                {
                    throw new UnwritableEventException(refused, "it is refused");
                }

                output.Write("."u8);
            }
        }

        public void Finish(IBufferWriter<byte> output) => output.Write(">"u8);
    }
}

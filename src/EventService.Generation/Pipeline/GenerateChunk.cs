using System.Buffers;

using EventService.Generation.Requests;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Generation.Pipeline;

/// <summary>A range of events of a request, and their bytes once they are generated.</summary>
/// <remarks>Writers serve one caller at a time, so each chunk has its own; a block's bytes do not depend on the blocks before.</remarks>
public sealed class GenerateChunk(IGenerativeModel model, GenerateRequest request, IEventWriter writer) : Chunk
{
    private readonly EventBlock _block = new(model.Schema);
    private readonly ArrayBufferWriter<byte> _output = new();
    private double[] _logDensity = [];

    /// <summary>The model that generates the events: chunks of one model can be generated together.</summary>
    public IGenerativeModel Model => model;

    /// <summary>The events.</summary>
    public EventRange Range { get; private set; }

    public override int Events => Range.Count;

    /// <summary>Whether the format's header stands before the bytes.</summary>
    public bool BeginsAnswer { get; private set; }

    /// <summary>The events in the request's format, from <see cref="Run"/> to <see cref="Assign"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _output.WrittenMemory;

    /// <summary>Gives the chunk its next range.</summary>
    public void Assign(long first, int count)
    {
        Range = new EventRange(request.Stream, first, count);
        BeginsAnswer = first == request.First;
    }

    public override void Run()
    {
        if (request.LogDensity && _logDensity.Length < Events)
        {
            _logDensity = new double[Events];
        }

        var logDensity = _logDensity.AsSpan(0, request.LogDensity ? Events : 0);
        model.Generate([Range], _block, logDensity);
        Encode(_block, logDensity);
    }

    private void Encode(EventBlock block, Span<double> logDensity)
    {
        if (request.Cut is { } cut)
        {
            logDensity = logDensity[..Math.Min(logDensity.Length, cut.Apply(block, logDensity))];
        }

        _output.ResetWrittenCount();
        if (BeginsAnswer)
        {
            writer.WriteHeader(_output);
        }

        writer.WriteBlock(block, logDensity, _output);
    }
}

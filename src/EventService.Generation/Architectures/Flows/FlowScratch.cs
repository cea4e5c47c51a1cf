namespace EventService.Generation.Architectures.Flows;

/// <summary>Memory of one thread while it runs through a flow: numbered buffers that grow and are used again by every layer.</summary>
public sealed class FlowScratch
{
    private readonly List<float[]> _floats = [];
    private readonly List<double[]> _doubles = [];

    /// <summary>The buffer of this number, at least this long; what it holds is what its last user left, or zero.</summary>
    public Span<float> Floats(int number, int length) => Buffer(_floats, number, length);

    /// <inheritdoc cref="Floats"/>
    public Span<double> Doubles(int number, int length) => Buffer(_doubles, number, length);

    private static Span<T> Buffer<T>(List<T[]> buffers, int number, int length)
    {
        while (buffers.Count <= number)
        {
            buffers.Add([]);
        }

        if (buffers[number].Length < length)
        {
            var longer = buffers[number];
            Array.Resize(ref longer, length);
            buffers[number] = longer;
        }

        return buffers[number].AsSpan(0, length);
    }
}

using System.Runtime.InteropServices;

using EventService.Contracts.V1;

using Google.Protobuf;

namespace EventService.Client;

/// <summary>The columns of a block as numbers, without a copy.</summary>
public static class EventColumnsExtensions
{
    /// <summary>Index of each event in the stream of its seed.</summary>
    public static ReadOnlySpan<long> EventNumbers(this EventColumns block) => Numbers<long>(NotNull(block).EventNumber);

    /// <summary>A scalar column, index as in the schema.</summary>
    public static ReadOnlySpan<float> Scalar(this EventColumns block, int scalar) => Numbers<float>(NotNull(block).Scalars[scalar]);

    /// <summary>An array of fixed shape, index as in the schema: the numbers of each event behind each other, row-major.</summary>
    public static ReadOnlySpan<float> Array(this EventColumns block, int array) => Numbers<float>(NotNull(block).Arrays[array]);

    /// <summary>Log-density of each event, where they were asked for.</summary>
    public static ReadOnlySpan<double> LogDensities(this EventColumns block) => Numbers<double>(NotNull(block).LogDensity);

    /// <summary>The objects of event k are those from [k] to [k + 1].</summary>
    public static ReadOnlySpan<int> OffsetValues(this CollectionColumns collection) => Numbers<int>(NotNull(collection).Offsets);

    /// <summary>A column of the collection, index as in the schema.</summary>
    public static ReadOnlySpan<float> Column(this CollectionColumns collection, int column) => Numbers<float>(NotNull(collection).Columns[column]);

    /// <summary>Natural log of the density of each event, -infinity where it is zero.</summary>
    public static ReadOnlySpan<double> LogDensities(this Densities densities) => Numbers<double>(NotNull(densities).LogDensity);

    private static ReadOnlySpan<T> Numbers<T>(ByteString bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes.Span);

    private static T NotNull<T>(T? value)
        where T : class => value ?? throw new ArgumentNullException(nameof(value));
}

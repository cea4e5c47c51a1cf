using System.Buffers.Binary;
using System.Runtime.InteropServices;

using EventService.Engine.Serialization;
using EventService.Models.Sampling;

namespace EventService.Models.WholeEvents;

/// <summary>A count table as tensors of a model file.</summary>
internal static class CountTensors
{
    private const string VectorsName = "counts/vectors";
    private const string OccurrencesName = "counts/occurrences";

    /// <param name="table">The table.</param>
    /// <param name="prefix">The prefix of the tensors' names, where a file has several tables.</param>
    public static IEnumerable<SafeTensor> Describe(CountTable table, string prefix = "") =>
    [
        new SafeTensor(prefix + VectorsName, SafeTensorType.U8, [table.Vectors.Count, EventSlots.TypeCount], table.Vectors.SelectMany(v => v.Select(n => (byte)n)).ToArray()),
        Longs(prefix + OccurrencesName, [.. table.Occurrences]),
    ];

    /// <exception cref="SafeTensorsException">A tensor is missing or has another shape.</exception>
    public static CountTable Read(SafeTensorsFile file, string prefix = "")
    {
        var vectors = file[prefix + VectorsName];
        var count = vectors.Shape.Count == 2 ? vectors.Shape[0] : -1;
        var bytes = file.Require(prefix + VectorsName, SafeTensorType.U8, [count, EventSlots.TypeCount]).Data.ToArray();
        return new CountTable([.. bytes.Chunk(EventSlots.TypeCount).Select(chunk => chunk.Select(n => (int)n).ToArray())], ReadLongs(file, prefix + OccurrencesName, count));
    }

    public static SafeTensor Longs(string name, long[] values)
    {
        var bytes = new byte[values.Length * sizeof(long)];
        for (var k = 0; k < values.Length; k++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(k * sizeof(long)), values[k]);
        }

        return new SafeTensor(name, SafeTensorType.I64, [values.Length], bytes);
    }

    /// <exception cref="SafeTensorsException">The tensor is missing or has another shape.</exception>
    public static long[] ReadLongs(SafeTensorsFile file, string name, long count) =>
        MemoryMarshal.Cast<byte, long>(file.Require(name, SafeTensorType.I64, [count]).Data.Span).ToArray();
}

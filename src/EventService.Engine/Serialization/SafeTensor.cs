using System.Buffers.Binary;

namespace EventService.Engine.Serialization;

/// <summary>One named tensor: little-endian elements in row-major order.</summary>
/// <param name="Name">Name, unique in its file.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Sizes of the dimensions; empty for a scalar.</param>
/// <param name="Data">The elements' bytes: a slice of the file, not a copy.</param>
public sealed record SafeTensor(string Name, SafeTensorType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data)
{
    /// <summary>Number of elements.</summary>
    public int Count => Data.Length / Type.SizeInBytes();

    /// <summary>The shape as it stands in a header: [3, 4].</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <summary>A float32 tensor from values in row-major order.</summary>
    public static SafeTensor FromFloats(string name, IReadOnlyList<long> shape, ReadOnlySpan<float> values)
    {
        var data = new byte[4 * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(data.AsSpan(4 * i), values[i]);
        }

        return new SafeTensor(name, SafeTensorType.F32, shape, data);
    }

    public static SafeTensor FromDoubles(string name, IReadOnlyList<long> shape, ReadOnlySpan<double> values)
    {
        var data = new byte[8 * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(data.AsSpan(8 * i), values[i]);
        }

        return new SafeTensor(name, SafeTensorType.F64, shape, data);
    }

    /// <summary>
    /// The elements as float32, each rounded to nearest. Wide types lose digits; a value beyond float32 becomes infinite.
    /// </summary>
    /// <param name="requireFinite">Refuse NaN and infinities, those made by the conversion included.</param>
    /// <exception cref="SafeTensorsException">An element is not finite; the message names it.</exception>
    public float[] ToFloats(bool requireFinite = true)
    {
        var bytes = Data.Span;
        var size = Type.SizeInBytes();
        var values = new float[Count];
        for (var i = 0; i < values.Length; i++)
        {
            var x = bytes[(i * size)..];
            values[i] = Type switch
            {
                SafeTensorType.F32 => BinaryPrimitives.ReadSingleLittleEndian(x),
                SafeTensorType.F64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(x),
                SafeTensorType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(x),
                // bfloat16 is the upper half of a float32.
                SafeTensorType.BF16 => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(x) << 16),
                SafeTensorType.I64 => BinaryPrimitives.ReadInt64LittleEndian(x),
                SafeTensorType.I32 => BinaryPrimitives.ReadInt32LittleEndian(x),
                SafeTensorType.I16 => BinaryPrimitives.ReadInt16LittleEndian(x),
                SafeTensorType.I8 => (sbyte)x[0],
                _ => x[0],
            };

            if (requireFinite && !float.IsFinite(values[i]))
            {
                throw new SafeTensorsException(
                    $"Tensor '{Name}' {ShapeText} of {Type}: element {i} is {values[i]} as float32, expected a finite number.");
            }
        }

        return values;
    }

    /// <summary>The elements as double, without any rounding but that of 64-bit integers.</summary>
    /// <exception cref="SafeTensorsException">An element is not finite; the message names it.</exception>
    public double[] ToDoubles()
    {
        if (Type is not (SafeTensorType.F64 or SafeTensorType.I64 or SafeTensorType.I32))
        {
            return [.. ToFloats().Select(x => (double)x)]; // the other types fit into a float32
        }

        var bytes = Data.Span;
        var size = Type.SizeInBytes();
        var values = new double[Count];
        for (var i = 0; i < values.Length; i++)
        {
            var x = bytes[(i * size)..];
            values[i] = Type switch
            {
                SafeTensorType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(x),
                SafeTensorType.I64 => BinaryPrimitives.ReadInt64LittleEndian(x),
                _ => BinaryPrimitives.ReadInt32LittleEndian(x),
            };
            if (!double.IsFinite(values[i]))
            {
                throw new SafeTensorsException(
                    $"Tensor '{Name}' {ShapeText} of {Type}: element {i} is {values[i]}, expected a finite number.");
            }
        }

        return values;
    }
}

using System.Text.Json.Serialization;

namespace EventService.Physics.Events;

/// <summary>
/// Float32 numbers of a fixed shape that every event has, such as the voxels of a calorimeter; they lie in row-major order, the last
/// index fastest. Addressed by its name, a single number as <c>voxels[12]</c> by its place in that order.
/// </summary>
public sealed record ArraySchema(string Name, string Unit, string Description, IReadOnlyList<int> Shape)
{
    /// <summary>Most dimensions: text formats nest a list for each.</summary>
    public const int MaximumRank = 8;

    /// <summary>Most numbers of an event: a record of a file holds them.</summary>
    public const int MaximumSize = 1 << 18;

    /// <summary>Number of numbers: the product of the shape.</summary>
    [JsonIgnore]
    public int Size => Shape.Aggregate(1, (size, length) => checked(size * length));

    /// <summary>The shape as NumPy writes it, such as (9, 16).</summary>
    public string ShapeText() => TextOf(Shape);

    /// <summary>Why no event can have such an array, or null if one can.</summary>
    public string? Fault()
    {
        if (Shape.Count is 0 or > MaximumRank || Shape.Any(length => length < 1))
        {
            return $"array '{Name}' has the shape {ShapeText()}, expected 1 to {MaximumRank} lengths of at least 1";
        }

        var size = Shape.Aggregate(1L, (size, length) => Math.Min(size * length, MaximumSize + 1L));
        return size > MaximumSize ? $"array '{Name}' of the shape {ShapeText()} has more than {MaximumSize} numbers" : null;
    }

    internal static string TextOf(IReadOnlyList<int> shape) => shape.Count == 1 ? $"({shape[0]},)" : $"({string.Join(", ", shape)})";
}

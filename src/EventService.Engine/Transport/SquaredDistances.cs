using System.Numerics.Tensors;

using Tensor = EventService.Engine.Tensors.Tensor;

namespace EventService.Engine.Transport;

/// <summary>Costs of carrying one sample into another: the squared Euclidean distance of every pair of events.</summary>
public static class SquaredDistances
{
    /// <summary>cost[i, j] = sum over d of (x[d, i] - y[d, j])^2, added over d = 0, 1, 2, ...</summary>
    /// <param name="x">[D, n].</param>
    /// <param name="y">[D, m].</param>
    /// <param name="cost">Receives [n, m], row after row.</param>
    /// <exception cref="ArgumentException">Shapes do not fit.</exception>
    public static void Fill(Tensor x, Tensor y, Span<float> cost)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        if (x.Rows != y.Rows || cost.Length != (long)x.Columns * y.Columns)
        {
            throw new ArgumentException(
                $"{x} and {y} have no {cost.Length} distances, expected points of as many coordinates and one distance a pair.",
                nameof(cost));
        }

        var difference = new float[y.Columns];
        for (var i = 0; i < x.Columns; i++)
        {
            var row = cost.Slice(i * y.Columns, y.Columns);
            row.Clear();
            for (var d = 0; d < x.Rows; d++)
            {
                TensorPrimitives.Subtract(y.Row(d), x[d, i], difference);
                TensorPrimitives.FusedMultiplyAdd<float>(difference, difference, row, row);
            }
        }
    }
}

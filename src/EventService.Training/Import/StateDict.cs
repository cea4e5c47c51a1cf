using EventService.Engine.Serialization;
using EventService.Models.Contracts;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;

namespace EventService.Training.Import;

/// <summary>
/// The tensors of a PyTorch state dict, each of which has to be taken by somebody: what nobody understands is an error, not a silent loss.
/// </summary>
public sealed class StateDict(SafeTensorsFile file)
{
    /// <summary>What can be imported, for messages.</summary>
    public const string Understood =
        "Understood are, of nflows: a Flow over a CompositeTransform (which may hold others) of MaskedAffineAutoregressiveTransform, "
        + "MaskedPiecewiseRationalQuadraticAutoregressiveTransform (residual or feed-forward, random masks or not), "
        + "PiecewiseRationalQuadraticCouplingTransform over a ResidualNet (with or without unconditional transform), Permutation, RandomPermutation, "
        + "ReversePermutation and LULinear, over StandardNormal, DiagonalNormal or BoxUniform; of zuko: MAF and NSF (residual or not, any order, coupling "
        + "by passes) over DiagNormal. Not understood are flows with a context and batch normalisation.";

    private readonly HashSet<string> _left = [.. file.Tensors.Select(t => t.Name)];

    /// <summary>True if a name is this prefix or starts with it.</summary>
    public bool Has(string prefix) => file.Tensors.Any(t => t.Name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The numbers 0, 1, ... n - 1 where all names that go on after the prefix with a number go on with these; n.</summary>
    /// <exception cref="ModelFormatException">A number is left out.</exception>
    public int CountOf(string prefix)
    {
        var indices = Indices(prefix);
        return indices.Count == 0 || indices.Max == indices.Count - 1
            ? indices.Count
            : throw Fault($"'{prefix}' has the entries {string.Join(", ", indices)}; one without tensors stands between them, and a state dict does not say what it is.");
    }

    /// <summary>The numbers that names go on with after the prefix.</summary>
    public SortedSet<int> Indices(string prefix)
    {
        var indices = new SortedSet<int>();
        foreach (var name in file.Tensors.Select(t => t.Name).Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var digits = name[prefix.Length..].Split('.')[0];
            if (digits.Length is > 0 and < 6 && digits.All(char.IsAsciiDigit))
            {
                indices.Add(int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        return indices;
    }

    /// <summary>Takes a tensor of any type as numbers.</summary>
    /// <exception cref="ModelFormatException">It is missing or has another shape.</exception>
    /// <exception cref="SafeTensorsException">It holds NaN or an infinity.</exception>
    public double[] Take(string name, params long[] shape)
    {
        var tensor = Find(name);
        return tensor.Shape.SequenceEqual(shape)
            ? tensor.ToDoubles()
            : throw Fault($"tensor '{name}' has the shape {tensor.ShapeText}, expected [{string.Join(", ", shape)}].");
    }

    /// <summary>Takes a vector of whole numbers from 0 on.</summary>
    /// <exception cref="ModelFormatException">It is missing, or no such vector.</exception>
    public int[] TakeIndices(string name)
    {
        var tensor = Find(name);
        if (tensor.Type is not (SafeTensorType.I64 or SafeTensorType.I32) || tensor.Shape.Count != 1 || tensor.ToDoubles().Any(v => v is < 0 or > 1_000_000))
        {
            throw Fault($"tensor '{name}' is {tensor.Type} {tensor.ShapeText}, expected a vector of whole numbers from 0 on.");
        }

        return [.. tensor.ToDoubles().Select(v => (int)v)];
    }

    /// <summary>Rows of a matrix, without taking it.</summary>
    public int RowsOf(string name)
    {
        var tensor = file.TryGet(name, out var found) ? found! : throw Missing(name);
        return tensor.Shape.Count == 2 && tensor.Shape[0] is > 0 and <= int.MaxValue ? (int)tensor.Shape[0] : throw Fault($"tensor '{name}' has the shape {tensor.ShapeText}, expected a matrix.");
    }

    /// <summary>Takes weight and bias of a linear layer, and its mask where it has one; weights that are masked become zero.</summary>
    /// <param name="prefix">Name with the dot at its end.</param>
    /// <param name="outputs">Rows of the weight; 0 for as many as there are.</param>
    /// <param name="inputs">Columns of the weight.</param>
    public DenseMap TakeLinear(string prefix, int outputs, int inputs)
    {
        outputs = outputs == 0 ? RowsOf(prefix + "weight") : outputs;
        var weights = Take(prefix + "weight", outputs, inputs);
        if (Has(prefix + "mask"))
        {
            var mask = Take(prefix + "mask", outputs, inputs);
            for (var i = 0; i < weights.Length; i++)
            {
                weights[i] = mask[i] switch
                {
                    0 => 0,
                    1 => weights[i],
                    _ => throw Fault($"tensor '{prefix}mask' holds {mask[i]}, expected 0 and 1."),
                };
            }
        }

        return new DenseMap(outputs, inputs, weights, Take(prefix + "bias", outputs));
    }

    /// <exception cref="ModelFormatException">Tensors are left that nobody has taken.</exception>
    public void RequireAllTaken()
    {
        if (_left.Count > 0)
        {
            throw Fault($"{_left.Count} of {file.Tensors.Count} tensors have no meaning here: {string.Join(", ", _left.Order(StringComparer.Ordinal).Take(8).Select(n => $"'{n}'"))}{(_left.Count > 8 ? ", ..." : "")}.");
        }
    }

    /// <summary>An error of the state dict, with what is understood.</summary>
    public static ModelFormatException Fault(string fault) => new($"The state dict is not understood: {fault} {Understood}");

    private SafeTensor Find(string name)
    {
        var tensor = file.TryGet(name, out var found) ? found! : throw Missing(name);
        _left.Remove(name);
        return tensor;
    }

    private ModelFormatException Missing(string name)
    {
        var near = file.Tensors.Select(t => t.Name).Order(StringComparer.Ordinal).Take(6).Select(n => $"'{n}'");
        return Fault($"tensor '{name}' is missing among {file.Tensors.Count}: {string.Join(", ", near)}{(file.Tensors.Count > 6 ? ", ..." : "")}.");
    }
}

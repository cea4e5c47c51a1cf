using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.GaussianMixture;
using EventService.Numerics.Functions;

namespace EventService.Training.GaussianMixture;

/// <summary>
/// The components of a mixture as free numbers: weights are the softmax of logits; the factor L has the exponential of its parameters on
/// the diagonal, and its parameters below.
/// </summary>
internal sealed class MixtureParameters
{
    private readonly int _components;
    private readonly int _features;

    public MixtureParameters(int components, int features)
    {
        (_components, _features) = (components, features);
        Logits = Set.Add("logits", components, 1);
        Means = Set.Add("means", components, features);
        Factors = Set.Add("factors", components, features * features);
    }

    public ParameterSet Set { get; } = new();

    public Parameter Logits { get; }

    public Parameter Means { get; }

    public Parameter Factors { get; }

    /// <summary>Means at events drawn without replacement; a width of 1, as maps to standard normal columns suggest.</summary>
    /// <param name="coordinates">[features, rows] of the events to draw from.</param>
    /// <param name="seed">The seed of the draws.</param>
    public void Initialise(Tensor coordinates, ulong seed)
    {
        var random = new PhiloxStream(seed, 0x4D_49_58);
        int[] rows = [.. Enumerable.Range(0, coordinates.Columns)];
        for (var k = 0; k < _components; k++)
        {
            var other = k + (int)random.NextBelow((uint)(rows.Length - k));
            (rows[k], rows[other]) = (rows[other], rows[k]);
            for (var f = 0; f < _features; f++)
            {
                Means.Value[k, f] = coordinates[f, rows[k]];
            }
        }
    }

    public MixtureComponents Export()
    {
        double[] weights = new double[_components], factors = new double[_components * _features * _features];
        var largest = Logits.Value.Span.ToArray().Max();
        for (var k = 0; k < _components; k++)
        {
            weights[k] = Exp.Of((double)Logits.Value[k, 0] - largest);
            for (var f = 0; f < _features; f++)
            {
                for (var g = 0; g <= f; g++)
                {
                    double raw = Factors.Value[k, (f * _features) + g];
                    factors[(((k * _features) + f) * _features) + g] = f == g ? Exp.Of(raw) : raw;
                }
            }
        }

        var sum = weights.Sum();
        return new MixtureComponents(
            [.. weights.Select(w => w / sum)], [.. Means.Value.Span.ToArray().Select(m => (double)m)], factors);
    }
}

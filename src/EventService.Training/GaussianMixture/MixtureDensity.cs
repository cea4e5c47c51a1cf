using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;
using EventService.Models.GaussianMixture;

namespace EventService.Training.GaussianMixture;

/// <summary>log q of one event after the other, and its derivatives; see <see cref="MixtureTask"/> for the formulas.</summary>
internal sealed class MixtureDensity(MixtureComponents components)
{
    private readonly int _features = components.Features;
    private readonly double[] _z = new double[components.Count * components.Features];
    private readonly double[] _r = new double[components.Count];
    private readonly double[] _t = new double[components.Features];

    /// <summary>log q of an event; what the derivatives need is kept.</summary>
    /// <param name="events">[features, events].</param>
    /// <param name="column">Which.</param>
    public double Evaluate(Tensor events, int column)
    {
        for (var f = 0; f < _features; f++)
        {
            _t[f] = events[f, column];
        }

        for (var k = 0; k < _r.Length; k++)
        {
            _r[k] = components.LogWeighted(k, _t, _z.AsSpan(k * _features, _features));
        }

        return MixtureComponents.ToShares(_r);
    }

    /// <summary>Adds the derivatives of log q of the event last evaluated, times a factor.</summary>
    public void AddGradient(Tape tape, MixtureParameters parameters, float scale)
    {
        var (logits, means, factors) = (tape[parameters.Logits].Gradient!, tape[parameters.Means].Gradient!, tape[parameters.Factors].Gradient!);
        Span<double> v = stackalloc double[_features];
        for (var k = 0; k < _r.Length; k++)
        {
            var z = _z.AsSpan(k * _features, _features);
            var weight = scale * _r[k];
            logits[k, 0] += (float)(scale * (_r[k] - components.Weights[k]));

            // v = L^-T z, by back substitution.
            for (var f = _features - 1; f >= 0; f--)
            {
                v[f] = z[f];
                for (var g = f + 1; g < _features; g++)
                {
                    v[f] -= components.Factor(k, g, f) * v[g];
                }

                v[f] /= components.Factor(k, f, f);
                means[k, f] += (float)(weight * v[f]);
            }

            for (var f = 0; f < _features; f++)
            {
                for (var g = 0; g < f; g++)
                {
                    factors[k, (f * _features) + g] += (float)(weight * v[f] * z[g]);
                }

                // By the logarithm of the diagonal.
                factors[k, (f * _features) + f] += (float)(weight * ((v[f] * z[f] * components.Factor(k, f, f)) - 1));
            }
        }
    }
}

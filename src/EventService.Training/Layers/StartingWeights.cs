using EventService.Engine.Random;
using EventService.Engine.Tensors;

namespace EventService.Training.Layers;

/// <summary>
/// Where weights start: uniform, with the variance of He et al. 2015, arXiv:1502.01852, eq. 10, and small in last layers, so that a flow
/// starts near the identity, a velocity near zero and a logit near none. A function of the seed and of the parameter's place.
/// </summary>
internal static class StartingWeights
{
    /// <summary>Draws all parameters whose names end with ".weight"; others are left as they are.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="gated">
    /// Draws the first biases too. Gates multiply what a unit has from the data: units that see no feature, those of the first column, have
    /// their bias alone, and at zero no gradient.
    /// </param>
    public static void Draw(IEnumerable<Parameter> parameters, ulong seed, bool gated = false)
    {
        foreach (var parameter in parameters)
        {
            var ofInput = gated && parameter.Name.EndsWith("input.bias", StringComparison.Ordinal);
            if (!ofInput && !parameter.Name.EndsWith(".weight", StringComparison.Ordinal))
            {
                continue;
            }

            var gain = parameter.Name.EndsWith("second.weight", StringComparison.Ordinal) ? 0.1
                : parameter.Name.EndsWith("output.weight", StringComparison.Ordinal) ? 0.03
                : ofInput ? 0.4
                : 1.0;
            var bound = (float)(gain * Math.Sqrt(6.0 / Math.Max(1, parameter.Value.Columns)));
            var stream = new PhiloxStream(seed, (ulong)parameter.Index);
            foreach (ref var w in parameter.Value.Span)
            {
                w = bound * ((2 * stream.NextFloat()) - 1);
            }
        }
    }
}

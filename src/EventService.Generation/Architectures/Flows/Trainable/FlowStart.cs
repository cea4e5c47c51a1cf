using EventService.Engine.Tensors;
using EventService.Engine.Random;

namespace EventService.Generation.Architectures.Flows.Trainable;

/// <summary>The values from which networks are trained.</summary>
internal static class FlowStart
{
    /// <summary>
    /// Draws all weights: uniform, with the variance of He et al. 2015, arXiv:1502.01852, eq. 10, and small last layers, so that a flow starts near the
    /// identity. Gates multiply what a unit has from the data: units that see no feature, those of the first column, have their bias alone, and at zero no
    /// gradient; so the first biases of a gated network are drawn too. Other parameters stay as they are.
    /// </summary>
    public static void Draw(ParameterSet parameters, ulong seed, bool gated = false)
    {
        foreach (var parameter in parameters.Parameters)
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

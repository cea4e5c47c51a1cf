using EventService.Engine.Random;
using EventService.Engine.Tensors;

namespace EventService.Generation.Architectures.Flows.Trainable;

/// <summary>
/// Where weights start: uniform, with the variance of He et al. 2015, arXiv:1502.01852, eq. 10, and small in last layers, so that a flow starts near the
/// identity and a velocity near zero. A function of the seed and of the parameter's place.
/// </summary>
internal static class StartingWeights
{
    /// <summary>Sets a parameter whose name ends with ".weight"; others are left as they are.</summary>
    public static void Set(Parameter parameter, ulong seed)
    {
        if (!parameter.Name.EndsWith(".weight", StringComparison.Ordinal))
        {
            return;
        }

        var gain = parameter.Name.EndsWith("second.weight", StringComparison.Ordinal) ? 0.1
            : parameter.Name.EndsWith("output.weight", StringComparison.Ordinal) ? 0.03
            : 1.0;
        var bound = (float)(gain * Math.Sqrt(6.0 / Math.Max(1, parameter.Value.Columns)));
        var stream = new PhiloxStream(seed, (ulong)parameter.Index);
        foreach (ref var w in parameter.Value.Span)
        {
            w = bound * ((2 * stream.NextFloat()) - 1);
        }
    }
}

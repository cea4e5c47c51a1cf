using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Flows.Continuous;
using EventService.Numerics.Functions;
using EventService.Training.Families;

namespace EventService.Training.Matching;

/// <summary>Points on straight paths with their velocities: what a velocity network is fitted to.</summary>
internal sealed class PathBatch(FlowMatching matching, int features, int legs)
{
    private readonly double[] _context = new double[VelocityField.InputsOf(features, legs, matching.Frequencies) - features];
    private int _filled;

    /// <summary>[Inputs, n].</summary>
    public Tensor Inputs { get; } = new(0, 0);

    /// <summary>x_1 - x_0, [D, n].</summary>
    public Tensor Velocities { get; } = new(0, 0);

    /// <summary>Conditions of the points as gates take them; null for a network without.</summary>
    public Variable? Condition { get; set; }

    /// <summary>Makes room for this number of points.</summary>
    public void Start(int count)
    {
        Inputs.Reshape(features + _context.Length, count);
        Velocities.Reshape(features, count);
        (_filled, Condition) = (0, null);
    }

    /// <summary>Adds a point of each pair: x_s = (1 - s) x_0 + s x_1 + sigma epsilon, with s spread evenly from 0 to 1.</summary>
    /// <param name="leg">Leg of the path.</param>
    /// <param name="x0">[D, m].</param>
    /// <param name="x1">[D, m].</param>
    /// <param name="random">Draws s and epsilon.</param>
    public void Add(int leg, Tensor x0, Tensor x1, ref PhiloxStream random)
    {
        for (var i = 0; i < x0.Columns; i++)
        {
            var at = _filled++;
            var s = (i + random.NextDouble()) / x0.Columns;
            for (var d = 0; d < features; d++)
            {
                double a = x0[d, i], b = x1[d, i];
                var x = a + (s * (b - a));
                Inputs[d, at] = (float)(matching.Sigma > 0 ? x + (matching.Sigma * NormalQuantile.Of(random.NextDouble())) : x);
                Velocities[d, at] = (float)(b - a);
            }

            VelocityField.FillContext(legs, matching.Frequencies, leg, s, _context);
            for (var c = 0; c < _context.Length; c++)
            {
                Inputs[features + c, at] = (float)_context[c];
            }
        }
    }
}

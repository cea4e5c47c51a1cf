using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models.Flows;
using EventService.Models.Sampling;

namespace EventService.Training.Tables;

/// <summary>
/// Conditions between the values that there are events at: each event is shown at one drawn between its own and a neighbour's, so that what
/// is seen at a value between is the mixture of both neighbours' events with weights that are linear in it (vertical morphing; on aligned
/// columns moment morphing, Baak, Gadatsu, Harrington and Verkerke, NIM A 771 (2015) 39, arXiv:1410.7388). A flow that saw events at the
/// ends only is free between, and uses it.
/// </summary>
/// <remarks>
/// A place s of an interval is drawn with the density g(s) = 1 + b (2 s - 1), and the event there is the upper end's with probability s.
/// Given whose event it is, that is the density s g(s), or (1 - s) g(s), and b follows from how many events both ends have. Events of inner
/// values are on either side half of the time.
/// </remarks>
internal sealed class MorphedConditions
{
    private readonly TableCoordinates _coordinates;
    private readonly double[] _anchors;
    private readonly double[] _tilts;
    private readonly ulong _seed;

    /// <param name="coordinates">The events, of one condition.</param>
    /// <param name="training">Rows of the training events.</param>
    /// <param name="seed">The seed of the draws.</param>
    /// <exception cref="ArgumentException">The condition has not a few values, each with events in comparable numbers.</exception>
    public MorphedConditions(TableCoordinates coordinates, int[] training, ulong seed)
    {
        (_coordinates, _seed) = (coordinates, seed);
        var parameter = coordinates.Conditions[0];
        double[] points = [.. parameter.TrainedPoints];
        _anchors = [.. points.Select(p => parameter.Scaled(p))];
        int[] counts = [.. points.Select(p => training.Count(r => coordinates.ConditionsOf(r)[0] == p))];
        if (points.Length < 2 || counts.Sum() != training.Length)
        {
            throw new ArgumentException($"Events are morphed between {points.Length} values of {parameter.Name}, expected a few, and events at no others.");
        }

        double Events(int k) => k == 0 || k == points.Length - 1 ? counts[k] : counts[k] / 2.0;
        _tilts = [.. Enumerable.Range(0, points.Length - 1).Select(k => 6 * ((Events(k + 1) / (Events(k) + Events(k + 1))) - 0.5))];
        if (Array.Exists(_tilts, t => Math.Abs(t) > 1))
        {
            throw new ArgumentException($"Events are morphed between values of {parameter.Name} with {string.Join(", ", counts)} training events, expected neighbours that differ by no more than a factor of 2, where inner values count half.");
        }
    }

    /// <summary>The conditions of events as gates take them, [1, rows].</summary>
    /// <param name="rows">Training events.</param>
    /// <param name="use">The conditions are functions of it and of the event.</param>
    public Variable Of(ReadOnlySpan<int> rows, int use)
    {
        var condition = new Tensor(1, rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            var random = new PhiloxStream(_seed ^ 0x4D_4F_52_50UL, ((ulong)(uint)use << 32) | (uint)rows[i]);
            var own = Array.IndexOf(_anchors, _coordinates.Conditions[0].Scaled(_coordinates.ConditionsOf(rows[i])[0]));
            var upwards = own == 0 || (own < _anchors.Length - 1 && random.NextBelow(2) == 0);
            var interval = upwards ? own : own - 1;
            var s = Place(_tilts[interval], ofUpper: !upwards, ref random);
            condition[0, i] = (float)(_anchors[interval] + (s * (_anchors[interval + 1] - _anchors[interval])));
        }

        return Tape.Constant(condition);
    }

    private static double Place(double tilt, bool ofUpper, ref PhiloxStream random)
    {
        while (true)
        {
            double s = random.NextDouble(), density = (ofUpper ? s : 1 - s) * (1 + (tilt * ((2 * s) - 1)));
            if (2 * random.NextDouble() < density)
            {
                return s;
            }
        }
    }
}

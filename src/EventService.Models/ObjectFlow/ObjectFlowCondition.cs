using EventService.Engine.Random;
using EventService.Models.WholeEvents;
using EventService.Numerics.Functions;

namespace EventService.Models.ObjectFlow;

/// <summary>What an object flow takes from one set of values of its conditions: see <see cref="ObjectFlowConditions"/>.</summary>
public sealed class ObjectFlowCondition
{
    private readonly (CountPoint Point, double Weight)[] _parts;

    /// <param name="inputs">The inputs of the networks.</param>
    /// <param name="parts">Points that the counts are a mixture of; weights above 0 that add up to 1.</param>
    internal ObjectFlowCondition(double[] inputs, (CountPoint Point, double Weight)[] parts) => (Inputs, _parts) = (inputs, parts);

    /// <summary>Inputs of the networks.</summary>
    public double[] Inputs { get; }

    /// <summary>
    /// Draws the counts of an event from its own stream of random numbers: between points one more number, which chooses the point.
    /// </summary>
    public CountVector Draw(ref PhiloxStream random)
    {
        var part = 0;
        if (_parts.Length > 1)
        {
            for (var left = random.NextDouble(); part < _parts.Length - 1 && left >= _parts[part].Weight; part++)
            {
                left -= _parts[part].Weight;
            }
        }

        return _parts[part].Point.Counts.Draw(ref random);
    }

    /// <summary>Natural log of the probability of these counts; negative infinity only for an event without objects.</summary>
    public double LogProbability(CountVector counts)
    {
        if (_parts.Length == 1)
        {
            return _parts[0].Point.Counts.LogProbability(counts);
        }

        var sum = 0.0;
        foreach (var (point, weight) in _parts)
        {
            sum += weight * Exp.Of(point.Counts.LogProbability(counts));
        }

        return Log.Of(sum);
    }

    /// <summary>log A of the validity filter for these counts, and its standard error.</summary>
    public (double LogAcceptance, double Error) Acceptance(CountVector counts)
    {
        if (_parts.Length == 1)
        {
            return At(_parts[0].Point);
        }

        var (logAcceptance, variance) = (0.0, 0.0);
        foreach (var (point, weight) in _parts)
        {
            var (log, error) = At(point);
            logAcceptance += weight * log;
            variance += weight * weight * error * error;
        }

        return (logAcceptance, Math.Sqrt(variance));

        (double LogAcceptance, double Error) At(CountPoint point) => point.Acceptance.Of(counts, point.Counts.IndexOf(counts));
    }
}

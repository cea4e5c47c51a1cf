using EventService.Engine.Random;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows;

/// <summary>What the numbers of an event follow on the far side of a flow, independently of each other.</summary>
public enum FlowBaseKind
{
    /// <summary>Normal with mean First and standard deviation Second.</summary>
    Normal,

    /// <summary>Uniform from First to Second.</summary>
    Uniform,
}

/// <summary>The base distribution of a flow: one row for each feature.</summary>
public sealed record FlowBase(FlowBaseKind Kind, double[] First, double[] Second)
{
    // A number this far outside, as a share of the interval, is the rounding of a float32.
    private const double EdgeTolerance = 1e-6;
    private const double HalfLogTwoPi = 0.91893853320467274178;

    public static FlowBase StandardNormal(int features) => new(FlowBaseKind.Normal, new double[features], [.. Enumerable.Repeat(1.0, features)]);

    /// <summary>Adds the log-density of one feature's numbers; minus infinity outside the support.</summary>
    public void AddLogDensity(int feature, ReadOnlySpan<double> z, Span<double> logDensity)
    {
        var (a, b) = (First[feature], Second[feature]);
        for (var i = 0; i < z.Length; i++)
        {
            if (Kind == FlowBaseKind.Normal)
            {
                var q = (z[i] - a) / b;
                logDensity[i] -= (q * q / 2) + Log.Of(b) + HalfLogTwoPi;
            }
            else
            {
                var u = (z[i] - a) / (b - a);
                logDensity[i] = u >= -EdgeTolerance && u <= 1 + EdgeTolerance ? logDensity[i] - Log.Of(b - a) : double.NegativeInfinity;
            }
        }
    }

    /// <summary>Draws one feature's number: two words of the stream.</summary>
    public float Draw(int feature, ref PhiloxStream random)
    {
        var u = random.NextDouble();
        var (a, b) = (First[feature], Second[feature]);
        return (float)(Kind == FlowBaseKind.Normal ? a + (b * NormalQuantile.Of(u)) : a + ((b - a) * u));
    }
}

using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.FunctionalTests.Models;

/// <summary>A table of one column, x, that falls exponentially with a tenth of the model's first condition as its mean [GeV].</summary>
/// <remarks>Draws as in <see cref="AnalyticModel"/>.</remarks>
internal sealed class AnalyticTable(ModelDocument document) : ILikelihoodModel
{
    public static SampleSchema Columns { get; } = new([new ColumnSchema("x", "GeV", "An observable")], []);

    public SampleSchema Schema => document.Schema;

    public int PreferredChunk => 256;

    public int Tile => 64;

    public string BaseMeasure => "x [GeV]";

    /// <summary>log of exp(-x / mean) / mean.</summary>
    public static double LogDensity(double x, double condition) => -(x / (condition / 10)) - Math.Log(condition / 10);

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
    {
        block.Resize(ranges.Count());
        var row = 0;
        foreach (var (stream, first, count) in ranges)
        {
            var key = stream.Condition.Aggregate(AnalyticModel.Mix(stream.Seed), (k, value) => AnalyticModel.Mix(k ^ (ulong)BitConverter.DoubleToInt64Bits(value)));
            for (var i = first; i < first + count; i++, row++)
            {
                block.EventNumber[row] = i;
                block.Scalars[0][row] = (float)(-stream.Condition[0] / 10 * Math.Log(AnalyticModel.Uniform(key + (64 * (ulong)i))));
                if (!logDensity.IsEmpty)
                {
                    logDensity[row] = LogDensity(block.Scalars[0][row], stream.Condition[0]);
                }
            }
        }
    }

    public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities)
    {
        for (var k = 0; k < events.Count; k++)
        {
            densities[k] = new EventDensity(LogDensity(events.Row(k)[0], condition[0]), 0, null);
        }
    }
}

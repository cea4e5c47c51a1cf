using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.FunctionalTests.Models;

/// <summary>
/// Events of any schema: scalars, jagged collections, arrays. Their numbers are eighths, which JSON holds in a few digits and a double
/// exactly; the log-density is minus the sum of all of them, each times its place in the event, counted from 1.
/// </summary>
/// <remarks>Draws as in <see cref="AnalyticModel"/>.</remarks>
internal sealed class AnalyticColumns(ModelDocument document) : ILikelihoodModel
{
    public SampleSchema Schema => document.Schema;

    public int PreferredChunk => 256;

    public int Tile => 64;

    public string BaseMeasure => "all columns";

    public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
    {
        block.Resize(ranges.Count());
        var row = 0;
        foreach (var (stream, first, count) in ranges)
        {
            for (var i = first; i < first + count; i++, row++)
            {
                var draw = AnalyticModel.Mix(stream.Seed) + (1024 * (ulong)i);
                var (sum, place) = (0.0, 0);
                float Next()
                {
                    var value = (float)((AnalyticModel.Mix(++draw) % 2000) / 8.0);
                    sum += ++place * (double)value;
                    return value;
                }

                block.EventNumber[row] = i;
                foreach (var column in block.Scalars)
                {
                    column[row] = Next();
                }

                foreach (var collection in block.Collections)
                {
                    var start = collection.Offsets[row];
                    var objects = (int)(AnalyticModel.Mix(++draw) % (ulong)(collection.Schema.Maximum + 1));
                    collection.EnsureCapacity(block.Count, start + objects);
                    collection.Offsets[row + 1] = start + objects;
                    for (var o = start; o < start + objects; o++)
                    {
                        foreach (var column in collection.Columns)
                        {
                            column[o] = Next();
                        }
                    }
                }

                for (var a = 0; a < block.Arrays.Length; a++)
                {
                    foreach (ref var value in block.ArrayOf(a, row))
                    {
                        value = Next();
                    }
                }

                if (!logDensity.IsEmpty)
                {
                    logDensity[row] = -sum;
                }
            }
        }
    }

    public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities)
    {
        for (var k = 0; k < events.Count; k++)
        {
            var (sum, place) = (0.0, 0);
            void Add(double value) => sum += ++place * value;
            foreach (var value in events.Row(k))
            {
                Add(value);
            }

            foreach (var collection in events.Collections)
            {
                for (var o = collection.Offsets[k]; o < collection.Offsets[k + 1]; o++)
                {
                    for (var c = 0; c < collection.Width; c++)
                    {
                        Add(collection.Column(c)[o]);
                    }
                }
            }

            foreach (var array in events.Arrays)
            {
                foreach (var value in array.Row(k))
                {
                    Add(value);
                }
            }

            densities[k] = new EventDensity(-sum, 0, null);
        }
    }
}

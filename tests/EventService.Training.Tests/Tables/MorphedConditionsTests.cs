using System.Globalization;
using System.Text;

using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Training.Catalog;
using EventService.Training.Families;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Training.Tests.Tables;

/// <summary>Conditions between trained values: how often whose events are shown where is known in closed form.</summary>
public sealed class MorphedConditionsTests
{
    [Theory]
    [InlineData(new[] { 3000, 3000 }, new[] { 0.0, 1 })]
    [InlineData(new[] { 2600, 4000 }, new[] { 0.0, 1 })]
    [InlineData(new[] { 2000, 5000, 3000 }, new[] { 0.0, 0.25, 1 })]
    public void Of_ManyEvents_MixesNeighboursWithLinearWeights(int[] counts, double[] values)
    {
        const int slices = 5, uses = 20;
        var (coordinates, rows) = Coordinates(counts, values);
        var morphed = new MorphedConditions(coordinates, rows, 7);
        var (seen, upper, place) = (new int[values.Length - 1, slices], new int[values.Length - 1, slices], new double[values.Length - 1, slices]);
        for (var use = 0; use < uses; use++)
        {
            var condition = morphed.Of(rows, use).Value;
            for (var i = 0; i < rows.Length; i++)
            {
                // From -1 to 1 back to the values, then to the place within their interval.
                var (at, own) = ((condition[0, i] + 1) / 2.0, coordinates.ConditionsOf(rows[i])[0]);
                var interval = Math.Clamp(Array.FindLastIndex(values, v => v <= at), 0, values.Length - 2);
                var s = (at - values[interval]) / (values[interval + 1] - values[interval]);
                Assert.True(own == values[interval] || own == values[interval + 1], $"an event of {own} is shown at {at}");
                var slice = Math.Min((int)(s * slices), slices - 1);
                seen[interval, slice]++;
                upper[interval, slice] += own == values[interval + 1] ? 1 : 0;
                place[interval, slice] += s;
            }
        }

        for (var k = 0; k < seen.Length; k++)
        {
            var (interval, slice) = (k / slices, k % slices);
            int n = seen[interval, slice];
            Assert.True(n > 1000, $"{n} events in slice {slice}");
            Assert.Equal(place[interval, slice] / n, (double)upper[interval, slice] / n, 5 * 0.5 / Math.Sqrt(n));
        }
    }

    [Fact]
    public void Of_TheSameUse_IsTheSameWhateverStandsBeside()
    {
        var (coordinates, rows) = Coordinates([500, 700], [0, 1]);
        var morphed = new MorphedConditions(coordinates, rows, 7);
        var (all, few, later) = (morphed.Of(rows, 3).Value, morphed.Of(rows.AsSpan(40, 9), 3).Value, morphed.Of(rows, 4).Value);
        Assert.Equal(all.Span.Slice(40, 9), few.Span);
        Assert.NotEqual(all.Span.ToArray(), later.Span.ToArray());
    }

    [Fact]
    public void Morph_OfWhatCannotBeMixed_IsRefused()
    {
        var (coordinates, rows) = Coordinates([400, 1000], [0, 1]);
        Assert.Contains("factor of 2", Assert.Throws<ArgumentException>(() => new MorphedConditions(coordinates, rows, 7)).Message, StringComparison.Ordinal);
        var text = Text.Replace("\"maps\": []", "\"maps\": [], \"morph\": true", StringComparison.Ordinal);
        Assert.True(TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(text)).Data.Morph);
        Assert.Contains("data.morph is of flows that are trained by likelihood", Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(
            text.Replace("""{ "name": "a", "unit": "1" }""", "", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);
        Assert.Contains("architecture.family is 'flow-matching'", Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(
            text.Replace("\"made\"", "\"flow-matching\"", StringComparison.Ordinal)))).Message, StringComparison.Ordinal);
    }

    private const string Text = """
        {
          "name": "toy", "process": "toy", "crossSectionPb": 2,
          "data": { "maps": [], "columns": [{ "name": "x", "unit": "GeV" }], "conditions": [{ "name": "a", "unit": "1" }] },
          "architecture": { "family": "made", "network": { "width": 4, "blocks": 1, "activation": "Tanh" } },
          "training": { "epochs": 1, "learningRate": 0.01 }
        }
        """;

    private static (TableCoordinates Coordinates, int[] Rows) Coordinates(int[] counts, double[] values)
    {
        var table = new StringBuilder("x,a\n");
        for (var k = 0; k < counts.Length; k++)
        {
            for (var n = 0; n < counts[k]; n++)
            {
                table.AppendLine(CultureInfo.InvariantCulture, $"{n},{values[k]}");
            }
        }

        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Text));
        int[] rows = [.. Enumerable.Range(0, counts.Sum())];
        return (new TableCoordinates(recipe.ReadTable(new MemoryStream(Encoding.UTF8.GetBytes(table.ToString())), "toy.csv"), rows, recipe.Data, 1), rows);
    }
}

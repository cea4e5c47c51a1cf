using System.Text;

using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;
using EventService.Training.Tables;

namespace EventService.Training.Tests.Tables;

/// <summary>Symmetries of events in training: the images of one event over many epochs.</summary>
public sealed class TableCoordinatesTests
{
    private const int Events = 400, Epochs = 4000;

    private const string Text = """
        {
          "name": "pair", "process": "pair", "crossSectionPb": 1,
          "data": {
            "maps": [{"kind": "gauss-rank", "quantiles": 100}],
            "mirror": ["eta1", "eta2"], "reflect": ["dphi1", "dphi2"], "rotate": ["phi"],
            "columns": [
              {"name": "pt", "unit": "GeV"}, {"name": "eta1", "unit": "1"}, {"name": "eta2", "unit": "1"}, {"name": "phi", "unit": "rad"},
              {"name": "dphi1", "unit": "rad", "deltaPhi": ["a", "b"]}, {"name": "dphi2", "unit": "rad", "deltaPhi": ["a", "c"]}
            ]
          },
          "architecture": {"family": "made", "network": {"width": 4, "blocks": 1}},
          "training": {"epochs": 1, "learningRate": 0.01}
        }
        """;

    [Fact]
    public void Fill_OfAnEventInManyEpochs_GivesItsImages()
    {
        var (coordinates, sample) = Coordinates();
        var row = sample.Row(7).ToArray();
        var images = Enumerable.Range(0, Epochs).Select(epoch => Image(coordinates, 7, epoch)).ToArray();

        // Each of four mirror images a quarter of the time: signs of both eta together, both azimuths together. The pT never changes.
        var kinds = images.GroupBy(x => (Same(x[1], row[1]), Same(x[4], row[4]))).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(4, kinds.Count);
        Assert.All(kinds.Values, n => Assert.Equal(Epochs / 4.0, n, 4 * Math.Sqrt(Epochs * 0.1875)));
        Assert.All(images, x =>
        {
            Assert.True(Same(x[0], row[0]));
            Assert.True(Same(x[1], row[1]) ? Same(x[2], row[2]) : Same(x[1], -row[1]) && Same(x[2], -row[2]));
            Assert.True(Same(x[4], row[4]) ? Same(x[5], row[5]) : Same(x[4], (2 * Math.PI) - row[4]) && Same(x[5], (2 * Math.PI) - row[5]));
        });

        // The azimuth is uniform: its first two harmonics vanish.
        foreach (var harmonic in new[] { 1, 2 })
        {
            Assert.Equal(0, images.Average(x => Math.Cos(harmonic * x[3])), 4 * Math.Sqrt(0.5 / Epochs));
            Assert.Equal(0, images.Average(x => Math.Sin(harmonic * x[3])), 4 * Math.Sqrt(0.5 / Epochs));
        }

        Assert.All(images, x => Assert.InRange(x[3], -Math.PI - 0.01, Math.PI + 0.01));
    }

    [Fact]
    public void Fill_ForValidation_GivesTheEventItself()
    {
        var (coordinates, sample) = Coordinates();

        Assert.All(sample.Row(7).ToArray().Zip(Image(coordinates, 7, -1)), x => Assert.True(Same(x.Second, x.First)));
        Assert.Equal(Image(coordinates, 7, 12), Image(coordinates, 7, 12));
    }

    [Fact]
    public void Coordinates_OfWhatIsNoAzimuth_SayWhy()
    {
        string Message(string text, double first)
        {
            var sample = new EventSample(6);
            for (var k = 0; k < Events; k++)
            {
                sample.AddRow(k, [50 + k, 1, 1, k == 0 ? first : 0.01 * k * (1 - (2 * (k % 2))) / 4, 1, 2]);
            }

            return Assert.Throws<ArgumentException>(() => new TableCoordinates(sample, [.. Enumerable.Range(0, Events)], Parse(text).Data, 1)).Message;
        }

        var standardised = Text.Replace("gauss-rank\", \"quantiles\": 100", "standardise\"", StringComparison.Ordinal);
        Assert.Contains("Column 'phi' is 5.5 in event 0, but data.rotate turns it: expected an azimuth from -pi to pi", Message(standardised, 5.5), StringComparison.Ordinal);
        var logarithm = standardised.Replace("{\"name\": \"phi\", \"unit\": \"rad\"}", "{\"name\": \"phi\", \"unit\": \"rad\", \"maps\": [{\"kind\": \"log\", \"offset\": 3.14159}]}", StringComparison.Ordinal);
        Assert.Contains("Column 'phi' has maps that do not take all azimuths from -pi to pi", Message(logarithm, 0.5), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"rotate\": [\"phi\"]", "\"rotate\": [\"phi\"], \"inequalities\": [{\"terms\": {\"pt*phi\": 1}, \"atLeast\": 0, \"meaning\": \"why\"}]", "'why' is about 'phi', which data.rotate turns by any angle")]
    [InlineData("\"rotate\": [\"phi\"]", "\"rotate\": [\"psi\"]", "data.rotate names 'psi', which is no column")]
    [InlineData("\"rotate\": [\"phi\"]", "\"rotate\": [\"eta1\"]", "'eta1' is twice in data.mirror, data.reflect and data.rotate")]
    [InlineData("\"reflect\": [\"dphi1\", \"dphi2\"]", "\"reflect\": [\"pt\"]", "data.reflect names 'pt', which is no difference of azimuths")]
    [InlineData("{\"name\": \"phi\", \"unit\": \"rad\"}", "{\"name\": \"phi\", \"unit\": \"rad\", \"maps\": [{\"kind\": \"dequantise\", \"step\": 1}]}", "data.rotate names 'phi', which has the map align or dequantise")]
    public void Parse_OfSymmetriesThatCannotBe_SaysWhy(string good, string bad, string message)
    {
        Assert.Contains(good, Text, StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<ModelFormatException>(() => Parse(Text.Replace(good, bad, StringComparison.Ordinal))).Message, StringComparison.Ordinal);
    }

    private static TableFlowRecipe Parse(string text) => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(text));

    private static (TableCoordinates Coordinates, EventSample Sample) Coordinates()
    {
        var sample = new EventSample(6);
        var random = new PhiloxStream(3, 1);
        for (var k = 0; k < Events; k++)
        {
            double U() => random.NextDouble();
            sample.AddRow(k, [50 + (100 * U()), (4 * U()) - 2, (4 * U()) - 2, 2 * Math.PI * (U() - 0.5), 2 * Math.PI * U(), 2 * Math.PI * U()]);
        }

        return (new TableCoordinates(sample, [.. Enumerable.Range(0, Events)], Parse(Text).Data, 1), sample);
    }

    /// <summary>An event as training sees it in an epoch, in its units.</summary>
    private static double[] Image(TableCoordinates coordinates, int row, int epoch)
    {
        var numbers = new Tensor(0, 0);
        coordinates.Fill([row], epoch, numbers);
        return [.. coordinates.Columns.Select((c, f) => (double)c.Inverse(numbers[f, 0]))];
    }

    private static bool Same(double a, double b) => Math.Abs(a - b) < 1e-3 * (1 + Math.Abs(b));
}

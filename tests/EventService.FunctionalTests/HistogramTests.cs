using System.Text;
using System.Text.Json;

using EventService.FunctionalTests.Jobs;

namespace EventService.FunctionalTests;

/// <summary>Histograms against the events that /generate gives.</summary>
[Collection(ServiceCollection.Name)]
public sealed class HistogramTests(RunningService service)
{
    private readonly HttpClient _client = service.CreateClient();

    [Theory]
    [InlineData("MET_pt", "GeV")]
    [InlineData("nJet", "1")]
    [InlineData("Jet_eta", "1")]
    [InlineData("Jet_pt[0]", "GeV")]
    [InlineData("Electron_pt", "GeV")]
    public async Task Histogram_CountsTheNumbersOfTheEvents(string column, string unit)
    {
        var values = await ValuesAsync("process=ttbar&seed=5&n=12k", column);
        foreach (var range in new[] { "", "&range=-1.5,70.25&bins=37" })
        {
            var histogram = await _client.PostAsync($"/histogram?process=ttbar&seed=5&n=12k&column={column}{range}", null).JsonAsync();
            var edges = Numbers(histogram, "edges");
            var counts = Numbers(histogram, "counts");
            Assert.Equal(counts.Length + 1, edges.Length);
            Assert.Equal(unit, histogram.GetProperty("unit").GetString());
            Assert.Equal((12_000, values.Count), (histogram.GetProperty("events").GetInt64(), histogram.GetProperty("entries").GetInt32()));
            for (var k = 0; k < counts.Length; k++)
            {
                Assert.Equal(values.Count(v => v >= edges[k] && v < edges[k + 1]), counts[k]);
                Assert.Equal(Math.Sqrt(counts[k]), Numbers(histogram, "errors")[k], 1e-12);
            }

            Assert.Equal(values.Count(v => v < edges[0]), histogram.GetProperty("underflow").GetInt32());
            Assert.Equal(values.Count(v => v >= edges[^1]), histogram.GetProperty("overflow").GetInt32());
            if (range.Length > 0)
            {
                Assert.Equal((37, -1.5, 70.25), (counts.Length, edges[0], edges[^1]));
            }
            else
            {
                // Most of them are on an axis that was found by itself, and it is not wider than it must be.
                Assert.InRange(counts.Sum(), 0.97 * values.Count, values.Count);
                Assert.True(counts[0] > 0, "The first bin holds something.");
            }
        }
    }

    [Fact]
    public async Task Histogram_OfWholeNumbers_HasABinForEach()
    {
        var histogram = await _client.PostAsync("/histogram?process=ttbar&seed=5&column=nJet", null).JsonAsync();
        Assert.Equal([0.5, 1.5, 2.5, 3.5, 4.5], Numbers(histogram, "edges"));
        Assert.Equal(10_000, Numbers(histogram, "counts").Sum());
    }

    [Fact]
    public async Task Histogram_WithACut_CountsWhatPasses()
    {
        var values = await ValuesAsync("process=gluino&mGluino=1500&seed=5&n=3k&cut=nJet>=3", "MET_pt");
        var histogram = await _client.PostJsonAsync("/histogram", """{"process":"gluino","mGluino":1500,"seed":5,"n":"3k","cut":"nJet>=3","column":"MET_pt"}""").JsonAsync();
        Assert.Equal(values.Count, histogram.GetProperty("entries").GetInt32());
        Assert.Equal("nJet>=3", histogram.GetProperty("receipt").GetProperty("cut").GetString());
    }

    [Fact]
    public async Task Histogram_OfNoEntries_IsEmpty()
    {
        var histogram = await _client.PostAsync("/histogram?process=ttbar&seed=5&column=MET_pt&cut=MET_pt<0", null).JsonAsync();
        Assert.Equal(0, histogram.GetProperty("entries").GetInt32());
        Assert.Equal(0, Numbers(histogram, "counts").Sum());
    }

    [Theory]
    [InlineData("process=ttbar", 400, "column is not given, expected one such as MET_pt")]
    [InlineData("process=ttbar&column=HT", 400, "Column 'HT' not found, expected one of weight, MET_pt, MET_phi, nJet, Jet_pt")]
    [InlineData("process=ttbar&column=nJet[0]", 400, "Column 'nJet[0]' not found")]
    [InlineData("process=ttbar&column=MET_pt&bins=0", 400, "bins is '0', expected a whole number from 1 to 1000.")]
    [InlineData("process=ttbar&column=MET_pt&range=5,5", 400, "range is '5,5', expected two numbers, the lower one first, such as 20,500.")]
    [InlineData("process=ttbar&column=MET_pt&n=2M", 400, "n is 2000000, expected at most 1000000 for a histogram.")]
    [InlineData("process=ttbar&column=MET_pt&format=npy", 400, "Parameter 'format' is not known.")]
    [InlineData("process=higgs&column=MET_pt", 404, "Process 'higgs' not found.")]
    public async Task Histogram_OfWhatCannotBe_IsAProblem(string query, int status, string sentence) =>
        await Problem.ExpectAsync(await _client.PostAsync($"/histogram?{query}", null), status, sentence);

    private static double[] Numbers(JsonElement histogram, string name) => [.. histogram.GetProperty(name).EnumerateArray().Select(e => e.GetDouble())];

    /// <summary>The column's numbers, read from the events as JSON.</summary>
    private async Task<List<double>> ValuesAsync(string query, string column)
    {
        var name = column.Split('[')[0];
        var values = new List<double>();
        foreach (var line in Encoding.UTF8.GetString(await _client.GenerateAsync($"{query}&format=jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var value = JsonElement.Parse(line).GetProperty(name);
            if (value.ValueKind == JsonValueKind.Array)
            {
                values.AddRange(value.EnumerateArray().Take(column == name ? int.MaxValue : 1).Select(e => (double)e.GetSingle()));
            }
            else
            {
                values.Add(value.GetSingle());
            }
        }

        return values;
    }
}

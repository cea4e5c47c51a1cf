using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using EventService.Evaluation;
using EventService.Evaluation.Html;
using EventService.Models.Cards;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;

namespace EventService.Evaluation.Tests;

public class EvaluationReportTests
{
    private static readonly Lazy<EvaluationReport> Report = new(() =>
    {
        var file = DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz"));
        var (first, second) = (EventSubset.Where(file, k => k % 10 == 0), EventSubset.Where(file, k => k % 10 == 1));
        var options = new C2stOptions
        {
            Network = new JudgeNetworkOptions { HiddenUnits = 8, HiddenLayers = 1, MaximumEpochs = 1 },
            Trees = new BoostedTreesOptions { MaximumTrees = 2 },
        };
        var floor = MonteCarloFloor.Draw(file, 400, 400, EventObservables.All, 2, 1);
        return new EvaluationReport
        {
            Created = new DateTimeOffset(2024, 1, 2, 3, 4, 5, TimeSpan.Zero),
            ServiceVersion = "0.0.0",
            MonteCarlo = new SampleSummary("mc.csv", "00", "some", "ttbar", 400),
            Generated = new SampleSummary("<generated>.csv", "11", "others", "ttbar", 400),
            Floor = new FloorSummary(4000, 400, 2),
            Observables = ObservableComparison.Compare(first, second, floor),
            Particles = ParticleComparison.Of(first, second),
            ParticlesFloor = ParticleComparison.Of(first, EventSubset.Where(file, k => k % 10 == 2)),
            Classifier = [C2st.Run(FeatureMatrix.Compute(first), FeatureMatrix.Compute(second), options)],
            Power = [PowerTest.Run(new EventView(DarkMachinesSchema.Create(file)), first, second, null, floor, options)],
            Seconds = 1,
        };
    });

    [Fact]
    public void HtmlReport_NeedsNothingElse()
    {
        var html = HtmlReport.Render(Report.Value);
        foreach (var foreign in new[] { "http:", "https:", "<script", "<link", "url(", "src=" })
        {
            Assert.DoesNotContain(foreign, html, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Contains("&lt;generated&gt;.csv", html, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        Assert.Equal(EventObservables.All.Count + 6 + 2, html.Split("<svg ").Length - 1);   // all, the six worst, ROC, scores
    }

    [Fact]
    public void HtmlReport_PlotsAreWellFormed()
    {
        var html = HtmlReport.Render(Report.Value);
        for (var begin = html.IndexOf("<svg ", StringComparison.Ordinal); begin >= 0; begin = html.IndexOf("<svg ", begin + 1, StringComparison.Ordinal))
        {
            XElement.Parse(html[begin..(html.IndexOf("</svg>", begin, StringComparison.Ordinal) + 6)]);
        }
    }

    [Fact]
    public void EvaluationReport_AsJson_HasNoNaN()
    {
        using var json = JsonDocument.Parse(Report.Value.ToJson());
        Assert.Equal(EventObservables.All.Count, json.RootElement.GetProperty("observables").GetArrayLength());
        Assert.InRange(json.RootElement.GetProperty("auc").GetDouble(), 0.3, 0.7);
        Assert.Equal("MET", json.RootElement.GetProperty("observables").EnumerateArray().Single(o => o.GetProperty("name").GetString() == "MET").GetProperty("label").GetString());
        Assert.DoesNotContain("NaN", Report.Value.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void EvaluationCard_OfAReport_PassesWithinItsGatesOnly()
    {
        var wide = EvaluationCards.Of(Report.Value, new EvaluationGates(1, 1e9));
        Assert.True(wide.Passed);
        Assert.Empty(wide.Failures);

        var worst = Report.Value.Worst;
        var narrow = EvaluationCards.Of(Report.Value, new EvaluationGates(0, worst.Wasserstein.Ratio * 0.999999));
        Assert.False(narrow.Passed);
        Assert.StartsWith("The classifier's AUC is ", narrow.Failures[0], StringComparison.Ordinal);
        Assert.StartsWith($"W1 of {worst.Name} is ", narrow.Failures[1], StringComparison.Ordinal);
        Assert.Equal(worst.Name, narrow.Observables[0].Name);

        using var json = JsonDocument.Parse(narrow.ToJson());
        Assert.False(json.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal(worst.Wasserstein.Ratio, json.RootElement.GetProperty("observables")[0].GetProperty("ratio").GetDouble());
    }

    [Fact]
    public void FeatureExport_WritesNpy()
    {
        var folder = Directory.CreateTempSubdirectory("evaluation").FullName;
        try
        {
            var matrix = FeatureMatrix.Compute(DarkMachinesReader.ReadAll(Repository.TestData("ttbar-300.csv")));
            FeatureExport.Write(folder, matrix, matrix);
            var bytes = File.ReadAllBytes(Path.Combine(folder, FeatureExport.MonteCarloFile));
            var header = BitConverter.ToUInt16(bytes, 8);
            Assert.Equal(0, (10 + header) % 64);
            Assert.Equal($"{{'descr': '<f4', 'fortran_order': False, 'shape': (300, {matrix.Columns}), }}", Encoding.ASCII.GetString(bytes, 10, header).TrimEnd());
            Assert.Equal(4 * matrix.Values.Length, bytes.Length - 10 - header);
            Assert.Equal(matrix.Row(7)[5], BitConverter.ToSingle(bytes, 10 + header + 4 * (7 * matrix.Columns + 5)));
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }
}

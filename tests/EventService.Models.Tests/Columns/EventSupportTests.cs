using EventService.Engine.Serialization;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Flows;
using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Models.Tables;
using EventService.Models.Tests.Flows;
using EventService.Physics.Events;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;

namespace EventService.Models.Tests.Columns;

/// <summary>
/// Flows with a support whose outcome is known: of two independent standard normal columns the half x >= y, where the density is twice that
/// of the normals and x - y is the absolute value of a normal of variance 2.
/// </summary>
public sealed class EventSupportTests
{
    private static readonly ColumnInequality s_sorted = new(new Dictionary<string, double> { ["x"] = 1, ["y"] = -1 }, 0, "x and y are sorted");

    private static readonly SampleSchema s_schema = new([new ColumnSchema("x", "1", ""), new ColumnSchema("y", "1", "")], []);

    [Fact]
    public void Violated_OfSumsAndProducts_IsTheFirstThatDoesNotHold()
    {
        var product = new ColumnInequality(new Dictionary<string, double> { ["x*y"] = 2, ["y*y*y"] = -1.5 }, -3, "a product");
        var support = new ColumnInequalities(s_schema, [s_sorted, product]);

        Assert.Null(support.Violated([1.5, 1.5]));                      // on the first bound; 2 (2.25) - 1.5 (3.375) = -0.56
        Assert.Null(support.Violated([0.75, -2]));                      // 2 (0.75)(-2) + 1.5 (8) = 9
        Assert.Same(s_sorted, support.Violated([1.999, 2]));
        Assert.Same(product, support.Violated([3, -1.25]));             // -7.5 + 2.93
        Assert.Same(s_sorted, support.Violated([double.NaN, 2]));
    }

    [Fact]
    public void Text_OfAnInequality_IsAFormula()
    {
        Assert.Equal("x - y >= 0", s_sorted.ToString());
        Assert.Equal("-x + 2.5 n*y - 30 n >= -90", new ColumnInequality(new Dictionary<string, double> { ["x"] = -1, ["n*y"] = 2.5, ["n"] = -30 }, -90, "").ToString());
    }

    [Fact]
    public void Generate_HalfOfANormal_IsInsideAndHasItsMoments()
    {
        const int n = 20_000;
        var (block, _) = Generate(Flow(), n);
        double[] differences = [.. block.Scalars[0][..n].Zip(block.Scalars[1][..n], (x, y) => (double)x - y)];

        Assert.All(differences, d => Assert.True(d >= 0));
        Assert.Equal(2 / Math.Sqrt(Math.PI), differences.Average(), 4 * Math.Sqrt((2 - (4 / Math.PI)) / n));
        Assert.Equal(2, differences.Average(d => d * d), 4 * Math.Sqrt(8.0 / n));
    }

    [Fact]
    public void LogDensity_InsideAndOutside_IsTheClosedForm()
    {
        var densities = Densities(Flow(), [[1.5, -0.25], [-0.25, 1.5], [1e200, 0], [0.1, 0.1f]]);

        Assert.Equal(-Math.Log(2 * Math.PI) - (1.5 * 1.5 / 2) - (0.0625 / 2) + Math.Log(2), densities[0].LogDensity, 1e-12);
        Assert.Equal(Math.Sqrt(0.5 / (0.5 * 1000)), densities[0].Error, 1e-12);
        Assert.Equal(new EventDensity(double.NegativeInfinity, 0, "x and y are sorted: expected x - y >= 0"), densities[1]);
        Assert.Equal((double.NegativeInfinity, "the event is outside the support of the model, or too far out"), (densities[2].LogDensity, densities[2].Reason));

        // 0.1 is below the float32 whose shortest digits it has: as events are written, both columns are the same number.
        Assert.Equal(-Math.Log(2 * Math.PI) - 0.01 + Math.Log(2), densities[3].LogDensity, 1e-8);
    }

    [Fact]
    public void Generate_WithDensityAndInPieces_GivesTheSameBits()
    {
        const int n = 700;
        var flow = Flow();
        var (whole, logDensity) = Generate(flow, n);
        Assert.Equal(Densities(flow, [.. Enumerable.Range(0, n).Select(k => new double[] { whole.Scalars[0][k], whole.Scalars[1][k] })]).Select(d => d.LogDensity), logDensity);
        var part = new EventBlock(flow.Schema);
        for (var first = 0; first < n; first += 37)
        {
            var count = Math.Min(37, n - first);
            flow.Generate(new EventStream(1, []), first, count, part, []);
            Assert.Equal(whole.Scalars[0][first..(first + count)], part.Scalars[0][..count]);
            Assert.Equal(whole.Scalars[1][first..(first + count)], part.Scalars[1][..count]);
        }
    }

    [Fact]
    public void LogDensity_UnderConditions_TakesTheShareBetweenTheMeasuredOnes()
    {
        var parameter = new ConditionParameter("mGluino", "GeV", "", 1000, 2000, []);
        var flow = new ConditionalFlow([parameter], [], layers => Flow(layers, new EventSupport(new ColumnInequalities(s_schema, [s_sorted]), [0.5, 0.25, 0.75], 1000)));
        double[][] conditions = [[1000], [1250], [1750], [2000]];
        double[] shares = [0.5, 0.375, 0.5, 0.75];
        var events = Sample([[1, 0], [1, 0], [1, 0], [1, 0]]);
        var together = new EventDensity[4];
        flow.LogDensities(events, conditions, together);

        for (var k = 0; k < 4; k++)
        {
            Assert.Equal(-Math.Log(2 * Math.PI) - 0.5 - Math.Log(shares[k]), together[k].LogDensity, 1e-12);
            Assert.Equal(Math.Sqrt((1 - shares[k]) / (shares[k] * 1000)), together[k].Error, 1e-12);
            var alone = new EventDensity[1];
            flow.LogDensity(Sample([[1, 0]]), conditions[k], alone);
            Assert.Equal(together[k], alone[0]);
        }
    }

    [Fact]
    public void Generate_ConditionsEventByEvent_GivesTheBitsOfEachConditionAlone()
    {
        var parameter = new ConditionParameter("mGluino", "GeV", "", 1000, 2000, []);
        var flow = new ConditionalFlow([parameter], [], layers => Flow(layers, new EventSupport(new ColumnInequalities(s_schema, [s_sorted]), [0.5, 0.25, 0.75], 1000)));
        EventRange[] ranges = [.. Enumerable.Range(0, 40).Select(k => new EventRange(new EventStream(1, [1000 + (25.0 * k)]), k, 1))];
        var (together, alone) = (new EventBlock(s_schema), new EventBlock(s_schema));
        double[] densities = new double[40], density = new double[1];
        flow.Generate(ranges, together, densities);

        for (var k = 0; k < 40; k++)
        {
            flow.Generate([ranges[k]], alone, density);
            Assert.Equal((alone.Scalars[0][0], alone.Scalars[1][0], density[0]), (together.Scalars[0][k], together.Scalars[1][k], densities[k]));
            Assert.True(together.Scalars[0][k] >= together.Scalars[1][k]);
        }
    }

    [Fact]
    public void LogDensity_OfCounts_IsTheBoundAndTheGain()
    {
        ColumnPreprocessing counts = new([new ObservableMap.Dequantise(1)]);
        LayeredFlow Counts(EventSupport? support) => new(s_schema, [counts, counts], [], FlowBase.StandardNormal(2), new byte[32]) { Support = support };
        double[][] rows = [[1, 0], [0, 0], [0, 1]];
        var (plain, inside) = (Densities(Counts(null), rows), Densities(Counts(new EventSupport(new ColumnInequalities(s_schema, [s_sorted]), [0.625], 1000)), rows));

        Assert.Equal(plain[0].LogDensity - Math.Log(0.625), inside[0].LogDensity, 1e-12);
        Assert.Equal(plain[1].LogDensity - Math.Log(0.625), inside[1].LogDensity, 1e-12);
        Assert.True(double.IsFinite(plain[2].LogDensity));
        Assert.Equal(new EventDensity(double.NegativeInfinity, 0, "x and y are sorted: expected x - y >= 0"), inside[2]);
    }

    [Fact]
    public void Give_ToAFlow_MeasuresItsShareAndKeepsItsTensors()
    {
        var (file, document) = SupportMeasurement.Give(Model(refined: false), [s_sorted]);

        Assert.Equal(0.5, document.Acceptance, 4 * 0.5 / 1024);
        Assert.Equal(0.5 / 1024, document.AcceptanceError, 1e-6);
        var model = (LayeredFlow)EventGenerator.Load(file).Model;
        Assert.Equal("x - y >= 0", Assert.Single(model.Support!.Inequalities.List).ToString());
        Assert.All(Densities(model, [[1, 0]]), d => Assert.Equal(-Math.Log(2 * Math.PI) - 0.5 - Math.Log(document.Acceptance), d.LogDensity, 1e-12));
        Assert.Equal(SafeTensorsFile.Read(Model(refined: false)).Tensors.Select(t => (t.Name, Convert.ToHexString(t.Data.Span))), SafeTensorsFile.Read(file).Tensors.Select(t => (t.Name, Convert.ToHexString(t.Data.Span))));
        Assert.Contains("has a support, expected one without", Assert.Throws<ModelFormatException>(() => SupportMeasurement.Give(file, [s_sorted])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Give_ToARefinedFlow_MultipliesTheShares()
    {
        // Kept are phi(x) phi(y) min(1, exp(x / 2 - 1)) / A, of which the integral over x >= y is 0.6337503949 (by scipy.integrate.quad).
        const double inside = 0.6337503949;
        var (file, document) = SupportMeasurement.Give(Model(refined: true), [s_sorted]);

        Assert.Equal(inside * s_refined, document.Acceptance, 4 * s_refined * Math.Sqrt(inside * (1 - inside)) / 1024);
        var density = Densities((LayeredFlow)EventGenerator.Load(file).Model, [[1, 0.5]])[0];
        Assert.Equal(-Math.Log(2 * Math.PI) - (1.0 / 2) - (0.25 / 2) + (0.5 - 1) - Math.Log(s_refined * inside), density.LogDensity, 0.005);
    }

    [Fact]
    public void Give_OfWhatCannotBe_SaysWhy()
    {
        string Message(params ColumnInequality[] inequalities) => Assert.Throws<ModelFormatException>(() => SupportMeasurement.Give(Model(refined: false), inequalities)).Message;

        Assert.Contains("names 'z', expected columns of the events: x, y", Message(s_sorted with { Terms = new Dictionary<string, double> { ["x*z"] = 1 } }), StringComparison.Ordinal);
        Assert.Contains("has no terms", Message(s_sorted with { Terms = new Dictionary<string, double>() }), StringComparison.Ordinal);
        Assert.Contains("would keep 0.00", Message(s_sorted with { AtLeast = 1e6 }), StringComparison.Ordinal);
        Assert.Contains("expected at least 10", Message(s_sorted with { AtLeast = 2 }), StringComparison.Ordinal);    // 1 - Phi(sqrt 2) = 7.9 %
        Assert.Contains("0 inequalities", Message(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gluino-zero-lepton", 1400)]
    [InlineData("t5qqqqww", 0.5)]
    public void ShippedModel_OfARecipeWithInequalities_GivesEventsInsideOnly(string name, double condition)
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(File.ReadAllBytes(Path.Combine(Repository.Root, "recipes", name + ".json")));
        var generator = EventGenerator.Open(Path.Combine(Repository.Root, "models", name + ".safetensors"));
        var events = GeneratedSample.Draw(generator.Model, new EventStream(3, [condition]), 4000);

        Assert.Equal(4000, events.Count);
        int[] jets = [.. new[] { "jet1_pt", "jet2_pt", "jet3_pt" }.Select(jet => recipe.Data.Columns.ToList().FindIndex(c => c.Name == jet)).Where(f => f >= 0)];
        Assert.All(Enumerable.Range(0, 4000), k => Assert.True(jets.Zip(jets.Skip(1)).All(pair => events.Row(k)[pair.First] >= events.Row(k)[pair.Second])));
        var support = new ColumnInequalities(recipe.Schema, recipe.Data.Inequalities!);
        Assert.All(Enumerable.Range(0, 4000), k => Assert.Null(support.Violated(events.Row(k))));
        Assert.InRange(generator.Document.Acceptance, 0.9, 0.999);
    }

    // exp(c^2 / 2 - L) Phi(L / c - c) + 1 - Phi(L / c) with c = 1/2, L = 1; Phi(1.5) = 0.9331927987, Phi(2) = 0.9772498681.
    private static readonly double s_refined = (Math.Exp(0.125 - 1) * 0.9331927987) + (1 - 0.9772498681);

    /// <summary>
    /// Two standard normal columns as a model file, all of whose draws are kept or those of a refinement with the logit x / 2, of which the
    /// largest counts 1.
    /// </summary>
    private static byte[] Model(bool refined)
    {
        var refinement = refined ? new FlowRefinement(new ConditionerNetwork(2, FlowActivation.Tanh, [new ConditionerStep.Dense(new DenseMap(1, 2, [0.5, 0], [0]))]), 1, s_refined, 0) : null;
        return FlowFile.Of(s_schema, [new ScaleShiftLayer([1, 1], [0, 0])], refinement, refined ? s_refined : 1);
    }

    private static LayeredFlow Flow() => Flow([], new EventSupport(new ColumnInequalities(s_schema, [s_sorted]), [0.5], 1000));

    private static LayeredFlow Flow(IReadOnlyList<FlowLayer> layers, EventSupport support) =>
        new(s_schema, [new ColumnPreprocessing([]), new ColumnPreprocessing([])], layers, FlowBase.StandardNormal(2), new byte[32]) { Support = support };

    private static EventSample Sample(double[][] rows)
    {
        var events = EventSample.For(s_schema);
        for (var k = 0; k < rows.Length; k++)
        {
            events.AddRow(k, rows[k]);
        }

        return events;
    }

    private static EventDensity[] Densities(LayeredFlow flow, double[][] rows)
    {
        var densities = new EventDensity[rows.Length];
        flow.LogDensity(Sample(rows), [], densities);
        return densities;
    }

    private static (EventBlock Block, double[] LogDensity) Generate(LayeredFlow flow, int count)
    {
        var block = new EventBlock(flow.Schema);
        var logDensity = new double[count];
        flow.Generate(new EventStream(1, []), 0, count, block, logDensity);
        return (block, logDensity);
    }
}

using System.Text.Json;

using EventService.Engine.Random;
using EventService.Models;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Training;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>
/// An object flow under a mass: the contract of bits, counts as the mixture that they are said to be, and one density for sampler and
/// evaluation.
/// </summary>
public class ConditionalObjectFlowTests
{
    private static AutoregressiveObjectFlow Flow => SmallFlow.Conditional;

    [Fact]
    public void Generate_OfSeveralMassesTogether_GivesTheBitsOfEachAlone()
    {
        // Events 0 to 119 of three masses in turns, 120 ranges of one event, as a scan asks for them.
        double[] masses = [100, 150, 333.3];
        var block = new EventBlock(Flow.Schema);
        var density = new double[120];
        Flow.Generate([.. Enumerable.Range(0, 120).Select(k => new EventRange(new EventStream(7, [masses[k % 3]]), k, 1))], block, density);
        var together = new EventSample();
        DarkMachinesSchema.ToSample(block, together);
        var alone = masses.Select(m => SmallFlow.Generate(Flow, 7, 0, 120, m)).ToArray();
        for (var k = 0; k < 120; k++)
        {
            Assert.Equal(SmallFlow.Bits(alone[k % 3].Events, k, 1), SmallFlow.Bits(together, k, 1));
            Assert.Equal(alone[k % 3].LogDensity[k], density[k]);
        }
    }

    [Fact]
    public void Generate_InPiecesOnFourThreads_GivesTheSameBits()
    {
        var whole = SmallFlow.Generate(Flow, 8, 0, 200, 250);
        var pieces = new (EventSample Events, double[] LogDensity)[20];
        Parallel.For(0, pieces.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, p => pieces[p] = SmallFlow.Generate(Flow, 8, 10 * p, 10, 250));
        Assert.Equal(SmallFlow.Bits(whole.Events), pieces.SelectMany(p => SmallFlow.Bits(p.Events)));
        Assert.Equal(whole.LogDensity, pieces.SelectMany(p => p.LogDensity));
        Assert.NotEqual(SmallFlow.Bits(whole.Events), SmallFlow.Bits(SmallFlow.Generate(Flow, 8, 0, 200, 251).Events));
    }

    [Theory]
    [InlineData(200, false)]
    [InlineData(275.5, false)]
    [InlineData(275.5, true)]
    public void Generate_AgainstThePlainSampler_GivesTheSameEventsRounded(double mass, bool warped)
    {
        const int N = 150;
        var flow = warped ? SmallFlow.Warped : Flow;
        var plain = new PlainSampler(flow, mass);
        var exact = new EventSample();
        var (events, known) = SmallFlow.Generate(flow, 45, 0, N, mass);
        for (var e = 0; e < N; e++)
        {
            Assert.Equal(plain.Draw(45, e, exact).LogDensity, known[e], 1e-9);
            Assert.Equal(SmallFlow.Bits(PlainSampler.Rounded(exact, e)), SmallFlow.Bits(events, e, 1));
        }
    }

    [Theory]
    [InlineData(100, false)]
    [InlineData(275.5, false)]
    [InlineData(275.5, true)]
    public void LogDensity_OfGeneratedEventsBeforeRounding_IsWhatTheSamplerKnowsTo1e4(double mass, bool warped)
    {
        const int N = 500;
        var flow = warped ? SmallFlow.Warped : Flow;
        var plain = new PlainSampler(flow, mass);
        var exact = new EventSample();
        var known = Enumerable.Range(0, N).Select(e => plain.Draw(46, e, exact).LogDensity).ToArray();
        var evaluated = SmallFlow.LogDensity(flow, exact, mass);
        Assert.All(known.Zip(evaluated), p => Assert.Equal(p.First, p.Second.LogDensity, 1e-4));
        Assert.All(evaluated, d => Assert.InRange(d.Error, 1e-4, 0.2));

        // Under another mass the same events have other densities.
        Assert.Contains(SmallFlow.LogDensity(flow, exact, 400).Zip(evaluated), p => Math.Abs(p.First.LogDensity - p.Second.LogDensity) > 0.05);
    }

    [Fact]
    public void Counts_BetweenPoints_AreTheMixtureLinearInTheMass()
    {
        // 250 is a quarter of the way from 200 to 400.
        var (low, high, between) = (Flow.Conditions.Points[1], Flow.Conditions.Points[2], Flow.Conditions.At([250]));
        var vectors = low.Counts.Vectors.Union(high.Counts.Vectors).ToArray();
        foreach (var vector in vectors)
        {
            var expected = (0.75 * Math.Exp(low.Counts.LogProbability(vector))) + (0.25 * Math.Exp(high.Counts.LogProbability(vector)));
            Assert.Equal(Math.Log(expected), between.LogProbability(vector), 1e-12);
            var log = (0.75 * low.Acceptance.Of(vector, low.Counts.IndexOf(vector)).LogAcceptance) + (0.25 * high.Acceptance.Of(vector, high.Counts.IndexOf(vector)).LogAcceptance);
            Assert.Equal(log, between.Acceptance(vector).LogAcceptance, 1e-12);
        }

        Assert.Equal(low.Counts.LogProbability(vectors[0]), Flow.Conditions.At([200]).LogProbability(vectors[0]));
        Assert.Equal(double.NegativeInfinity, between.LogProbability(default));
    }

    [Fact]
    public void Counts_Drawn_ComeAsOftenAsTheirProbability()
    {
        const int N = 60_000;
        var between = Flow.Conditions.At([250]);
        Dictionary<CountVector, int> drawn = [];
        for (var k = 0; k < N; k++)
        {
            var random = new PhiloxStream(11, (ulong)k);
            var vector = between.Draw(ref random);
            drawn[vector] = drawn.GetValueOrDefault(vector) + 1;
        }

        // Chi-squared over the vectors that are expected 20 times and more, and the rest: within five standard deviations sqrt(2 n) of its
        // mean n.
        var expected = Flow.Conditions.Points.SelectMany(p => p.Counts.Vectors).Distinct().ToDictionary(v => v, v => N * Math.Exp(between.LogProbability(v))).Where(p => p.Value >= 20).ToArray();
        var (rest, restDrawn) = (N - expected.Sum(p => p.Value), N - expected.Sum(p => drawn.GetValueOrDefault(p.Key)));
        var chiSquared = expected.Sum(p => Math.Pow(drawn.GetValueOrDefault(p.Key) - p.Value, 2) / p.Value) + (Math.Pow(restDrawn - rest, 2) / rest);
        Assert.InRange(expected.Length, 30, 2000);
        Assert.InRange(chiSquared, 0, expected.Length + (5 * Math.Sqrt(2 * expected.Length)));
    }

    [Fact]
    public void Inputs_AreLogarithmsOverTheRangeWhereThatIsAboveZero()
    {
        ConditionParameter[] parameters = [new("mStop", "GeV", "", 200, 800, []), new("eps", "1", "", 0, 2, []), new("mLSP", "GeV", "", 100, 100, [])];
        Assert.Equal([0, -0.5, 0], ObjectFlowConditions.InputsOf(parameters, [400, 0.5, 100]), (x, y) => Math.Abs(x - y) < 1e-12);
        Assert.Equal([1, 1, 0], ObjectFlowConditions.InputsOf(parameters, [800, 2, 100]), (x, y) => Math.Abs(x - y) < 1e-12);
    }

    [Fact]
    public void Inputs_DerivedOfTheParameters_AreScaledOverTheirOwnRange()
    {
        // mStop - mLSP - 173 GeV is 27, 27, 127, 527 at the points; at (350, 100), 77.
        ConditionParameter[] plane = [new("mStop", "GeV", "", 220, 800, []), new("mLSP", "GeV", "", 20, 100, [])];
        double[][] points = [[220, 20], [300, 100], [400, 100], [800, 100]];
        DerivedInput difference = new(new Dictionary<string, double> { ["mStop"] = 1, ["mLSP"] = -1 }, -173), sum = new(new Dictionary<string, double> { ["mLSP"] = 1, ["mStop"] = -0.5 });
        double[] At(params double[] values) => ObjectFlowConditions.InputsOf(plane, points, [difference, sum], values);
        Assert.Equal(-1, At(220, 20)[2], 1e-12);
        Assert.Equal(-1, At(300, 100)[2], 1e-12);
        Assert.Equal(1, At(800, 100)[2], 1e-12);
        Assert.Equal((2 * Math.Log(77.0 / 27) / Math.Log(527.0 / 27)) - 1, At(350, 100)[2], 1e-12);

        // mLSP - mStop / 2 is -90, -50, -100, -300: below 0, linear.
        Assert.Equal((2 * 225.0 / 250) - 1, At(350, 100)[3], 1e-12);
        Assert.Equal(ObjectFlowConditions.InputsOf(plane, [350, 100]), At(350, 100)[..2]);
    }

    [Fact]
    public void Counts_InAPlaneOfMasses_AreThoseOfTheCornersOfTheTriangle()
    {
        // (260, 60) is half-way between (220, 20) and (300, 100); (600, 100) between (400, 100) and (800, 100).
        ConditionParameter[] plane = [new("mStop", "GeV", "", 220, 800, []), new("mLSP", "GeV", "", 20, 100, [])];
        CountPoint Of(int jets) => new(new CountDistribution(new CountTable([[0, jets, 0, 0, 0, 0, 0]], [99])), AcceptanceTable.Unmeasured([new CountVector([0, jets, 0, 0, 0, 0, 0])]));
        var conditions = new ObjectFlowConditions(plane, [[220, 20], [300, 100], [400, 100], [800, 100]], [Of(2), Of(3), Of(4), Of(5)]);
        double Share(int jets, params double[] values) => Math.Exp(conditions.At(values).LogProbability(new CountVector([0, jets, 0, 0, 0, 0, 0])));

        // Of 100 events one is kept for vectors never seen.
        Assert.Equal(0.495, Share(2, 260, 60), 0.005);
        Assert.Equal(0.495, Share(3, 260, 60), 0.005);
        Assert.Equal(0.495, Share(4, 600, 100), 0.005);
        Assert.Equal(0.495, Share(5, 600, 100), 0.005);
        Assert.Equal(0.99, Share(3, 300, 100), 1e-12);
    }

    [Fact]
    public void Generate_WithoutAValueForTheMass_NamesIt()
    {
        var e = Assert.Throws<ArgumentException>(() => SmallFlow.Generate(Flow, 1, 0, 1));
        Assert.StartsWith("The condition has 0 values, expected mass.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WriteThenLoad_GivesTheSameEventsAndDensitiesToTheBit()
    {
        var loaded = EventGenerator.Load(Write(Document()));
        var original = new AutoregressiveObjectFlow(Flow.Network, Flow.Coordinates, Flow.Conditions, Flow.Filter, Flow.Schema, 50, Convert.FromHexString(loaded.Sha256));
        var expected = SmallFlow.Generate(original, 8, 0, 100, 330);
        var (events, density) = SmallFlow.Generate(loaded.Model, 8, 0, 100, 330);
        Assert.Equal(SmallFlow.Bits(expected.Events), SmallFlow.Bits(events));
        Assert.Equal(expected.LogDensity, density);
        Assert.Equal(SmallFlow.LogDensity(original, SmallFlow.Data, 120)[..300], SmallFlow.LogDensity(loaded.Likelihood!, SmallFlow.Data, 120)[..300]);
        Assert.Equal("100 to 400 GeV", loaded.Conditions.HullText);
    }

    [Fact]
    public void Load_WithoutThePointsOrWithOthers_IsRefused()
    {
        var document = Document();
        var points = document.Domain!.Points;
        Assert.Contains("1 conditions and no trained points", Refuse(document with { Domain = null }), StringComparison.Ordinal);
        Assert.Contains("tensors, expected", Refuse(document with { Domain = document.Domain with { Points = [.. points.Take(2)] } }), StringComparison.Ordinal);
        Assert.Contains("conditions is 1, expected 0", Refuse(document with { Conditions = [], Domain = null }), StringComparison.Ordinal);
        var preprocessing = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(document.Preprocessing)!;
        preprocessing.Remove("across");
        Assert.Contains("no map across the recoil", Refuse(document with { Preprocessing = JsonSerializer.SerializeToElement(preprocessing) }), StringComparison.Ordinal);
    }

    private static string Refuse(ModelDocument document) => Assert.Throws<ModelFormatException>(() => EventGenerator.Load(Write(document))).Message;

    private static byte[] Write(ModelDocument document)
    {
        var stream = new MemoryStream();
        ModelAssembler.Write(stream, document, ObjectFlowFile.Tensors(Flow.Network, Flow.Conditions.Points));
        return stream.ToArray();
    }

    private static ModelDocument Document()
    {
        var (hyperparameters, preprocessing) = ObjectFlowFile.Describe(Flow.Network, Flow.Coordinates, Flow.Filter);
        return ObjectFlowFileTests.Document() with
        {
            Hyperparameters = hyperparameters,
            Preprocessing = preprocessing,
            Conditions = [SmallFlow.Mass],
            Domain = new ConditionDomain { Points = [.. SmallFlow.Masses.Select(m => new TrainedPoint([m]) { CrossSectionPb = 100 / m, SelectionEfficiency = 0.5 })] },
        };
    }
}

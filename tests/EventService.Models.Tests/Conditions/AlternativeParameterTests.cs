using System.Text.Json;

using EventService.Generation.Requests;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;

namespace EventService.Models.Tests.Conditions;

public class AlternativeParameterTests
{
    private static readonly AlternativeParameter s_chargino = new("mChargino", "GeV", "Mass of the chargino", 100, 2100);
    private static readonly ConditionParameter s_eps = new("eps", "1", "Mass mixing", 0.25, 0.75, [0.25, 0.75]) { Alternative = s_chargino };

    [Theory]
    [InlineData(1150, 0.5)]
    [InlineData(1045, 0.45)]
    [InlineData(625, 0.25)]
    [InlineData(1675, 0.75)]
    [InlineData(1045.21, 0.4501)]
    [InlineData(100.21, 0.0001)]
    [InlineData(100, 0)]
    [InlineData(-110, -0.1)]
    [InlineData(1e-300, -1.0 / 21)]
    public void ParameterAt_OfADecimal_IsTheDecimalOfHandArithmetic(double mass, double eps) => Assert.Equal(eps, s_chargino.ParameterAt(mass));

    [Fact]
    public void ParameterAt_OfWholeMasses_IsTheNearestNumberAndTheMassComesBack()
    {
        // Differences and quotients of whole numbers are rounded once by IEEE 754.
        for (var mass = -3000; mass <= 3000; mass++)
        {
            Assert.Equal((mass - 100) / 2100.0, s_chargino.ParameterAt(mass));
            Assert.Equal(mass, s_chargino.At(s_chargino.ParameterAt(mass)));
        }
    }

    [Theory]
    [InlineData(1e300)]
    [InlineData(-1e300)]
    [InlineData(3e15)]
    public void ParameterAt_BeyondDecimals_IsStillThatNumber(double value)
    {
        Assert.Equal(value / 2100, s_chargino.ParameterAt(value), Math.Abs(value) * 1e-15);
        Assert.Equal(value * 2100, s_chargino.At(value), Math.Abs(value) * 1e-11);
    }

    [Theory]
    [InlineData("1150", "0.5")]
    [InlineData(" 1.15e3 ", "0.5")]
    [InlineData("625,1150", "0.25,0.5")]
    [InlineData("1000", "0.42857142857142855")]
    [InlineData("uniform(625,1675)", "uniform(0.25,0.75)")]
    [InlineData("uniform(625, 1675, 105)", "uniform(0.25,0.75,0.05)")]
    [InlineData("choice(1150:1,1675:3)", "choice(0.5:1,0.75:3)")]
    public void Given_ByTheAlternative_IsTheTextOfTheParameter(string given, string expected) => Assert.Equal(expected, Given(("mChargino", given))!.Text);

    [Fact]
    public void Given_ByTheParameter_IsTheTextAsItIs() => Assert.Equal(" 0.50,0.7", Given(("eps", " 0.50,0.7"))!.Text);

    [Fact]
    public void Given_ByNeither_IsNothing() => Assert.Null(Given(("mGluino", "2200")));

    [Fact]
    public void Given_AGridWhoseEndsAreRounded_ReadsBackWithAllItsValues()
    {
        // 550/2100 + 50/2100 is 600/2100, but not of their nearest numbers.
        var grid = Assert.IsType<ConditionSource.Uniform>(ConditionSource.Parse(Given(("mChargino", "uniform(650,700,50)"))!.Text, "eps"));
        Assert.Equal((550 / 2100.0, 600 / 2100.0, 50 / 2100.0), (grid.From, grid.To, grid.Step!.Value));
        Assert.True(grid.Step > grid.To - grid.From);
        Assert.Equal([550 / 2100.0, 600 / 2100.0], new[] { 0.25, 0.75 }.Select(grid.Draw), (x, y) => Math.Abs(x - y) < 1e-7);
    }

    [Theory]
    [InlineData("mChargino", "heavy", "mChargino is 'heavy', expected a number, several with commas between, uniform(FROM,TO) or choice(VALUE:WEIGHT,...).")]
    [InlineData("mChargino", "1150,1150", "mChargino is '1150,1150', expected each of several once.")]
    [InlineData("mChargino", "uniform(1675,625)", "mChargino is 'uniform(1675,625)', expected uniform(FROM,TO)")]
    [InlineData("mChargino", "Infinity", "mChargino is 'Infinity', expected a number")]
    public void Given_WhatIsNotUnderstood_IsRefusedInTheNameThatWasAsked(string name, string text, string sentence)
    {
        var e = Assert.Throws<RequestException>(() => Given((name, text))!.Text);
        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
        Assert.Equal(RequestFault.BadValue, e.Fault);
    }

    [Fact]
    public void Number_OfSeveral_IsRefusedInTheNameThatWasAsked()
    {
        Assert.Equal(0.45, Given(("mChargino", "1045"))!.Number());
        var e = Assert.Throws<RequestException>(() => Given(("mChargino", "625,1150"))!.Number());
        Assert.Equal("mChargino is '625,1150', expected a number.", e.Message);
    }

    [Theory]
    [InlineData("0.5", "1150")]
    [InlineData("0.5", "625")]
    public void Given_ByBoth_IsRefusedWhetherTheyAgreeOrNot(string eps, string mass)
    {
        var e = Assert.Throws<RequestException>(() => Given(("eps", eps), ("mChargino", mass)));
        Assert.Equal($"eps is given as '{eps}' and mChargino as '{mass}', expected one of them: mChargino = 100 + 2100 eps.", e.Message);
        Assert.Equal(RequestFault.BadValue, e.Fault);
    }

    [Fact]
    public void RequireKnown_OfAnUnknownName_ListsTheAlternativeToo()
    {
        RequestParameter.RequireKnown(["mChargino"], [], [s_eps]);
        var e = Assert.Throws<RequestException>(() => RequestParameter.RequireKnown(["mChargina"], [new("n", "")], [s_eps]));
        Assert.Equal("Parameter 'mChargina' is not known. Known: n, eps, mChargino.", e.Message);
    }

    [Theory]
    [InlineData(0.8, "eps is 0.8 (mChargino is 1780 GeV), outside what this model was trained on: 0.25 to 0.75 (mChargino 625 to 1675 GeV). The nearest point that it has is eps=0.75 (mChargino=1675).")]
    [InlineData(0.2, "eps is 0.2 (mChargino is 520 GeV), outside what this model was trained on: 0.25 to 0.75 (mChargino 625 to 1675 GeV). The nearest point that it has is eps=0.25 (mChargino=625).")]
    public void Require_OutsideTheHull_SaysSoInBothUnits(double eps, string sentence)
    {
        foreach (var domain in new[] { null, new ConditionDomain { Points = [new([0.25]), new([0.75])] } })
        {
            var e = Assert.Throws<RequestException>(() => ConditionSpaceTests.Document([s_eps], domain).ConditionSpace().Require([eps]));
            Assert.Equal(sentence, e.Message);
            Assert.Equal(RequestFault.Cannot, e.Fault);
        }
    }

    [Fact]
    public void Warning_InTheOutermostInterval_IsInBothUnits() => Assert.Equal(
        "eps is 0.3 (mChargino is 730 GeV), in the outermost interval of the trained points, 0.25 to 0.75 (mChargino 625 to 1675 GeV): none beyond it holds the interpolation.",
        ConditionSpaceTests.Document([s_eps], null).ConditionSpace().WarningsAt([0.3]).Single());

    [Theory]
    [InlineData(0, "the alternative 'mChargino' has the scale 0, expected 0.000000001 to 1000000000: it rises with the parameter")]
    [InlineData(-2100, "the alternative 'mChargino' has the scale -2100, expected 0.000000001 to 1000000000")]
    public void Document_WithAnAlternativeThatDoesNotRise_IsRefused(int scale, string sentence) =>
        Assert.Contains(sentence, Fault([s_eps with { Alternative = s_chargino with { Scale = scale } }]), StringComparison.Ordinal);

    [Fact]
    public void Document_WithAnAlternativeOfATakenName_IsRefused()
    {
        const string sentence = "has the name of another parameter or alternative";
        var other = new ConditionParameter("mLSP", "GeV", "", 0, 1, []);
        Assert.Contains($"the alternative 'eps' {sentence}", Fault([s_eps with { Alternative = s_chargino with { Name = "eps" } }]), StringComparison.Ordinal);
        Assert.Contains($"the alternative 'mLSP' {sentence}", Fault([s_eps with { Alternative = s_chargino with { Name = "mLSP" } }, other]), StringComparison.Ordinal);
        Assert.Contains($"the alternative 'mChargino' {sentence}", Fault([s_eps, other with { Alternative = s_chargino }]), StringComparison.Ordinal);
        Assert.Contains("an alternative has no name", Fault([s_eps with { Alternative = s_chargino with { Name = "" } }]), StringComparison.Ordinal);
        Assert.Contains("has the offset 1000000000001, expected at most 1000000000000", Fault([s_eps with { Alternative = s_chargino with { Offset = 1000000000001 } }]), StringComparison.Ordinal);
    }

    [Fact]
    public void Document_HasTheAlternativeWhereThereIsOne()
    {
        var json = JsonSerializer.Serialize(s_eps, ModelJson.Options);
        Assert.EndsWith("""
            "trainedPoints":[0.25,0.75],"alternative":{"name":"mChargino","unit":"GeV","description":"Mass of the chargino","offset":100,"scale":2100}}
            """, json, StringComparison.Ordinal);
        Assert.Equal(s_chargino, JsonSerializer.Deserialize<ConditionParameter>(json, ModelJson.Options)!.Alternative);
        Assert.EndsWith("\"trainedPoints\":[0.25,0.75]}", JsonSerializer.Serialize(s_eps with { Alternative = null }, ModelJson.Options), StringComparison.Ordinal);
    }

    private static GivenCondition? Given(params (string Name, string Text)[] texts) => GivenCondition.Find(s_eps, texts.ToDictionary(t => t.Name, t => t.Text));

    private static string Fault(IReadOnlyList<ConditionParameter> parameters) => Assert.Throws<ModelFormatException>(() => ConditionSpaceTests.Document(parameters, null).ConditionSpace()).Message;
}

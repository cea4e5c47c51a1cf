using System.Text.Json;

using EventService.Generation.Requests;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tests.Conditions;

public class ConditionSpaceTests
{
    private static readonly ConditionParameter s_gluino = new("mGluino", "GeV", "Mass of the gluino", 1000, 2200, []);
    private static readonly ConditionParameter s_lsp = new("mLSP", "GeV", "Mass of the neutralino", 100, 500, []);

    private static readonly ConditionConstraint s_positive = new(new Dictionary<string, double> { ["mLSP"] = 1 }, 0, "a mass is above 0");
    private static readonly ConditionConstraint s_ordered = new(new Dictionary<string, double> { ["mGluino"] = 1, ["mLSP"] = -1 }, 0, "a gluino is heavier than the neutralino it decays to");

    private static readonly ConditionDomain s_line = new()
    {
        Points =
        [
            new([1000]) { CrossSectionPb = 1, SelectionEfficiency = 0.8 },
            new([2000]) { CrossSectionPb = 0.01, SelectionEfficiency = 0.6 },
            new([2200]) { CrossSectionPb = 0.004, SelectionEfficiency = 0.5 },
        ],
    };

    private static readonly ConditionDomain s_triangle = new()
    {
        Points = [new([1000, 100]), new([2200, 100]), new([2200, 500])],
        Constraints = [s_positive, s_ordered],
    };

    [Fact]
    public void Yield_BetweenPoints_IsLogLinearInTheCrossSectionAndLinearInTheEfficiency()
    {
        var space = Space([s_gluino], s_line);
        Assert.Equal(0.1, space.YieldAt([1500]).CrossSectionPb, 1e-12);
        Assert.Equal(0.7, space.YieldAt([1500]).SelectionEfficiency, 1e-12);
        Assert.Equal(new PointYield(0.01, 0.6), space.YieldAt([2000]));
        Assert.Equal(0.07 * 3000, space.YieldAt([1500]).ExpectedEvents(3), 1e-9);
    }

    [Fact]
    public void Yield_WithoutADomain_IsThatOfTheModel() =>
        Assert.Equal(new PointYield(7, 0.5), Space([s_gluino], null).YieldAt([1700]));

    [Theory]
    [InlineData(1500, 100, RequestFault.Cannot, null)]
    [InlineData(1500, 900, RequestFault.Cannot, "The point mGluino=1500 GeV, mLSP=900 GeV is outside what this model was trained on: the polygon of mGluino=1000 GeV, mLSP=100 GeV; mGluino=2200 GeV, mLSP=100 GeV; mGluino=2200 GeV, mLSP=500 GeV. The nearest point that it has is mGluino=2200, mLSP=500.")]
    [InlineData(900, 100, RequestFault.Cannot, "The point mGluino=900 GeV, mLSP=100 GeV is outside what this model was trained on: the polygon")]
    [InlineData(1000, 1200, RequestFault.BadValue, "mGluino=1000 GeV, mLSP=1200 GeV cannot be: a gluino is heavier than the neutralino it decays to. Expected mGluino - mLSP > 0.")]
    [InlineData(1000, 0, RequestFault.BadValue, "mGluino=1000 GeV, mLSP=0 GeV cannot be: a mass is above 0. Expected mLSP > 0.")]
    public void Require_OfTwoMasses_SaysWhatIsWrong(double gluino, double lsp, RequestFault fault, string? sentence)
    {
        var space = Space([s_gluino, s_lsp], s_triangle);
        if (sentence is null)
        {
            space.Require([gluino, lsp]);
            return;
        }

        var e = Assert.Throws<RequestException>(() => space.Require([gluino, lsp]));
        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
        Assert.Equal(fault, e.Fault);
    }

    [Fact]
    public void Require_TheNearestPointOfARefusal_IsAllowed()
    {
        var space = Space([s_gluino, s_lsp], s_triangle);
        var e = Assert.Throws<RequestException>(() => space.Require([1400, 400]));
        double[] nearest = [.. e.Message.TrimEnd('.').Split("it has is ")[1].Split(", ").Select(p => double.Parse(p.Split('=')[1], System.Globalization.CultureInfo.InvariantCulture))];
        space.Require(nearest);
    }

    [Fact]
    public void Require_OnALineOfPoints_AllowsItsTolerance()
    {
        var space = Space([s_gluino, s_lsp], new ConditionDomain { Points = [new([1000, 100]), new([2200, 100])] });
        Assert.Equal("line", space.HullKind);
        Assert.Equal(1e-3, space.Tolerance);
        space.Require([1700, 100.09]); // 0.1 % of 100
        Assert.Equal(RequestFault.Cannot, Assert.Throws<RequestException>(() => space.Require([1700, 100.2])).Fault);
    }

    [Theory]
    [InlineData(1000, false)]
    [InlineData(1100, true)]
    [InlineData(2000, false)]
    [InlineData(2001, true)]
    public void Warnings_InTheOutermostIntervals_AreGiven(double mass, bool expected) =>
        Assert.Equal(expected, Space([s_gluino], s_line with { Points = [.. s_line.Points, new([1200]) { CrossSectionPb = 1, SelectionEfficiency = 1 }] }).WarningsAt([mass]).Count == 1);

    [Fact]
    public void Domain_WithFaults_IsRefusedWithTheDocument()
    {
        Assert.Contains("breaks a constraint", Fault(s_triangle with { Points = [new([1000, 1100])] }), StringComparison.Ordinal);
        Assert.Contains("expected some of mGluino, mLSP", Fault(s_triangle with { Constraints = [new(new Dictionary<string, double> { ["mStop"] = 1 }, 0, "x")] }), StringComparison.Ordinal);
        Assert.Contains("expected a finite number for each of mGluino, mLSP", Fault(s_line), StringComparison.Ordinal);
        Assert.Contains("expected all or none", Fault(s_triangle with { Points = [.. s_triangle.Points, new([1500, 100]) { CrossSectionPb = 1, SelectionEfficiency = 1 }] }), StringComparison.Ordinal);

        static string Fault(ConditionDomain domain) => Assert.Throws<ModelFormatException>(() => Space([s_gluino, s_lsp], domain)).Message;
    }

    [Fact]
    public void Document_WithoutADomain_IsWrittenWithoutThatField() =>
        Assert.DoesNotContain("domain", JsonSerializer.Serialize(Document([s_gluino], null), ModelJson.Options), StringComparison.Ordinal);

    [Fact]
    public void Document_WithADomain_ReadsBackTheSame()
    {
        var json = JsonSerializer.Serialize(Document([s_gluino, s_lsp], s_triangle), ModelJson.Options);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<ModelDocument>(json, ModelJson.Options), ModelJson.Options));
    }

    private static ConditionSpace Space(IReadOnlyList<ConditionParameter> parameters, ConditionDomain? domain) => Document(parameters, domain).ConditionSpace();

    internal static ModelDocument Document(IReadOnlyList<ConditionParameter> parameters, ConditionDomain? domain) => new()
    {
        FormatVersion = 1,
        Name = "m",
        Process = "p",
        Description = "",
        Architecture = "a",
        Hyperparameters = JsonElement.Parse("{}"),
        Preprocessing = JsonElement.Parse("{}"),
        Schema = new SampleSchema([], []),
        Conditions = parameters,
        Domain = domain,
        CrossSectionPb = 7,
        SelectionEfficiency = 0.5,
        SumOfWeights = 1,
        Acceptance = 1,
        AcceptanceError = 0,
        Training = TestProvenance.None,
    };
}

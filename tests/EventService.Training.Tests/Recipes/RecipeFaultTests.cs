using System.Text;
using System.Text.RegularExpressions;

using EventService.Models.Contracts;
using EventService.Training.Catalog;
using EventService.Training.FlowEvents;
using EventService.Training.ObjectFlow;
using EventService.Training.TableFlows;

namespace EventService.Training.Tests.Recipes;

/// <summary>What is said of a recipe that is not understood: the place, and what may stand there, in the words of recipes.</summary>
public sealed partial class RecipeFaultTests
{
    private const string Table = """
        {
          // A comment, and a comma at the end of a list.
          "name": "toy", "process": "toy", "crossSectionPb": 1,
          "data": {
            "maps": [{ "kind": "log", "offset": 1 }, { "kind": "standardise" },],
            "columns": [{ "name": "a", "unit": "GeV" }, { "name": "b", "unit": "rad", "deltaPhi": ["p", "q"] }],
            "inequalities": [{ "terms": { "a": 1 }, "atLeast": 0, "meaning": "positive" }]
          },
          "architecture": { "family": "flow-matching", "solver": { "method": "midpoint", "steps": 4 }, "network": { "width": 8, "blocks": 1, "residual": false, "activation": "Tanh" } },
          "training": { "seed": 3, "epochs": 1, "learningRate": 0.001 }
        }
        """;

    private const string Composition = """
        {
          "name": "c", "process": "c", "crossSectionPb": 1, "composition": "particles",
          "maps": [{ "kind": "standardise" }],
          "architecture": { "family": "made", "network": { "width": 8, "blocks": 1 } },
          "training": { "epochs": 1, "learningRate": 0.001 },
          "flows": { "MET": { "training": { "epochs": 2, "learningRate": 0.1 } } }
        }
        """;

    private const string Objects = """
        {
          "name": "o", "process": "o",
          "data": { "conditions": [{ "name": "m", "unit": "GeV" }], "points": [{ "file": "a.csv", "values": { "m": 1 }, "crossSectionPb": 1 }] },
          "architecture": { "family": "object-flow", "imbalance": true },
          "training": { "epochs": 1, "learningRate": 0.001 },
          "acceptanceEvents": 10
        }
        """;

    [Fact]
    public void Parse_OfTheRecipesBeforeTheirFaults_GivesOneOfEachKind()
    {
        Assert.Equal([3UL], [TrainableFamilies.Parse<TableFlowRecipe>(Bytes(Table)).Training.Seed]);
        Assert.Equal(2, TrainableFamilies.Parse<FlowEventsRecipe>(Bytes(Composition)).Flows["MET"].Training!.Epochs);
        Assert.True(TrainableFamilies.Parse<ObjectFlowRecipe>(Bytes(Objects)).Architecture.Imbalance);
    }

    [Theory]
    // Unknown.
    [InlineData("\"unit\": \"GeV\" }", "\"unit\": \"GeV\", \"sourc\": \"x\" }", "data.columns[0].sourc is not a field there; expected name, source, unit, description, observable, deltaPhi, pairMass, alternative, maps")]
    [InlineData("\"crossSectionPb\": 1,", "\"crossSectionPb\": 1, \"dta\": {},", "dta is not a field there; expected ")]
    [InlineData("\"offset\": 1", "\"quantiles\": 1", "data.maps[0].quantiles is not a field there; expected kind, offset")]
    [InlineData("\"blocks\": 1,", "\"blocks\": 1, \"conditions\": 3,", "architecture.network.conditions is not a field there; expected width, blocks, residual, activation")]
    // Twice.
    [InlineData("\"epochs\": 1", "\"epochs\": 1, \"epochs\": 2", "training.epochs is there twice, expected once")]
    // Missing.
    [InlineData("\"epochs\": 1, ", "", "training.epochs is missing, expected a whole number")]
    [InlineData(", \"unit\": \"rad\"", "", "data.columns[1].unit is missing, expected text")]
    [InlineData("\"width\": 8, ", "", "architecture.network.width is missing, expected a whole number")]
    [InlineData(", \"meaning\": \"positive\"", "", "data.inequalities[0].meaning is missing, expected text")]
    [InlineData("{ \"kind\": \"standardise\" }", "{ }", "data.maps[1].kind is missing, expected one of standardise, log, log10, logit, range, box-cox, gauss-rank, dequantise, align")]
    [InlineData("\"crossSectionPb\": 1,", "", "crossSectionPb is missing, expected the cross-section before the event selection [pb]")]
    // Of another type.
    [InlineData("\"epochs\": 1", "\"epochs\": \"ten\"", "training.epochs is 'ten', expected a whole number")]
    [InlineData("\"epochs\": 1", "\"epochs\": 1.5", "training.epochs is 1.5, expected a whole number")]
    [InlineData("\"seed\": 3", "\"seed\": -3", "training.seed is -3, expected a whole number of at least 0")]
    [InlineData("\"learningRate\": 0.001", "\"learningRate\": [0.001]", "training.learningRate is a list, expected a number")]
    [InlineData("\"residual\": false", "\"residual\": \"no\"", "architecture.network.residual is 'no', expected true or false")]
    [InlineData("\"activation\": \"Tanh\"", "\"activation\": \"Tan\"", "architecture.network.activation is 'Tan', expected one of ")]
    [InlineData("\"name\": \"toy\"", "\"name\": 1", "name is 1, expected text")]
    [InlineData("[\"p\", \"q\"]", "\"p\"", "data.columns[1].deltaPhi is 'p', expected a list, each text")]
    [InlineData("[\"p\", \"q\"]", "[\"p\", 2]", "data.columns[1].deltaPhi[1] is 2, expected text")]
    [InlineData("{ \"a\": 1 }", "[1]", "data.inequalities[0].terms is a list, expected an object whose fields are each a number")]
    [InlineData("{ \"a\": 1 }", "{ \"a\": \"1 GeV\" }", "data.inequalities[0].terms.a is '1 GeV', expected a number")]
    [InlineData("{ \"kind\": \"standardise\" }", "\"standardise\"", "data.maps[1] is 'standardise', expected an object with kind")]
    [InlineData("\"training\": { \"seed\": 3, \"epochs\": 1, \"learningRate\": 0.001 }", "\"training\": 3", "training is 3, expected an object with seed, epochs, batchSize")]
    // Null.
    [InlineData("\"epochs\": 1", "\"epochs\": null", "training.epochs is null, expected a whole number")]
    [InlineData("\"unit\": \"rad\"", "\"unit\": null", "data.columns[1].unit is null, expected text")]
    [InlineData("{ \"kind\": \"standardise\" }", "null", "data.maps[1] is null, expected an object with kind")]
    // Unknown kinds.
    [InlineData("\"flow-matching\"", "\"maf2\"", "architecture.family is 'maf2', expected one of made, made-mog, maf, maf-made-mog, iaf, a-rqs, nsf, realnvp, glow, flow-matching, object-flow")]
    [InlineData("\"flow-matching\"", "7", "architecture.family is '7', expected one of made, ")]
    [InlineData("\"family\": \"flow-matching\",", "", "architecture.family is missing, expected one of made, ")]
    [InlineData("\"standardise\"", "\"normalise\"", "data.maps[1].kind is 'normalise', expected one of standardise, ")]
    [InlineData("\"midpoint\"", "\"euler\"", "architecture.solver.method is 'euler', expected one of midpoint, adaptive")]
    [InlineData("\"solver\"", "\"source\": { \"flow\": { \"family\": \"object-flow\" } }, \"solver\"", "architecture.source.flow.family is 'object-flow', expected one of made, ")]
    public void Parse_OfATable_SaysWhereAndWhatIsExpected(string good, string bad, string message) => Refused(Table, good, bad, message);

    [Theory]
    [InlineData("\"composition\": \"particles\",", "\"composition\": 3,", "composition is 3, expected text")]
    [InlineData("\"family\": \"made\"", "\"family\": \"object-flow\"", "architecture.family is 'object-flow', expected one of made, ")]
    [InlineData("\"epochs\": 2, ", "", "flows.MET.training.epochs is missing, expected a whole number")]
    [InlineData("{ \"training\": { \"epochs\": 2, \"learningRate\": 0.1 } }", "null", "flows.MET is null, expected an object with maps, architecture, training")]
    [InlineData("\"epochs\": 2", "\"epochs\": 0", "flows.MET.training: 0 epochs")]
    [InlineData("\"composition\": \"particles\",", "\"composition\": \"particles\", \"data\": {},", "data is not a field there; expected composition, candidates, maps, architecture, flows, acceptanceEvents")]
    public void Parse_OfAComposition_SaysWhereAndWhatIsExpected(string good, string bad, string message) => Refused(Composition, good, bad, message);

    [Theory]
    [InlineData("\"imbalance\": true", "\"imbalanced\": true", "architecture.imbalanced is not a field there; expected family, width, blocks, headWidth, azimuthWidth, bins, azimuthKnots, imbalance, recoilWidth")]
    [InlineData("\"values\": { \"m\": 1 }", "\"values\": { \"m\": \"1\" }", "data.points[0].values.m is '1', expected a number")]
    [InlineData("\"process\": \"o\"", "\"process\": \"o\", \"crossSectionPb\": 1", "crossSectionPb and data.points are there")]
    [InlineData("\"acceptanceEvents\": 10", "\"composition\": \"particles\"", "data is not a field there; expected composition, ")]
    public void Parse_OfAnObjectFlow_SaysWhereAndWhatIsExpected(string good, string bad, string message) => Refused(Objects, good, bad, message);

    [Theory]
    [InlineData("{\n  \"name\": \"x\",,\n}", "The recipe is no JSON: line 2, column 15: ")]
    [InlineData("{\n\n  \"name\": tru\n}", "The recipe is no JSON: line 3, column ")]
    [InlineData("", "The recipe is no JSON: line 1, column 1: ")]
    [InlineData("[]", "The recipe is not understood: it is no object, expected name, process, architecture, training")]
    [InlineData("null", "The recipe is not understood: it is no object")]
    [InlineData("{\"name\": \"x\"}", "The recipe is not understood: architecture is missing, expected an object with family, which is one of made, ")]
    [InlineData("{\"architecture\": \"maf\"}", "The recipe is not understood: architecture is no object, expected one with family, which is one of made, ")]
    public void Parse_OfNoRecipe_SaysSo(string text, string message)
    {
        var e = Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse(Bytes(text)));
        Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
        Plain(e);
    }

    [Fact]
    public void Parse_OfAnotherKind_SaysWhichIsExpected()
    {
        var e = Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<TableFlowRecipe>(Bytes(Objects)));
        Assert.Equal("The recipe of 'o' is of an object flow, expected one of a flow on a table.", e.Message);
    }

    private static void Refused(string recipe, string good, string bad, string message)
    {
        var at = recipe.IndexOf(good, StringComparison.Ordinal);
        Assert.True(at >= 0, good);
        var e = Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse(Bytes(string.Concat(recipe.AsSpan(0, at), bad, recipe.AsSpan(at + good.Length)))));
        Assert.StartsWith("The recipe is not understood: " + message, e.Message, StringComparison.Ordinal);
        Plain(e);
    }

    /// <summary>Nothing of the program's own names: no namespace, no generic type, no path of the JSON library.</summary>
    private static void Plain(ModelFormatException e) => Assert.DoesNotMatch(ProgramNames(), e.Message);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [GeneratedRegex(@"EventService\.|System\.|`\d|\$\.|LineNumber|Recipe[A-Z]|[a-z]Recipe")]
    private static partial Regex ProgramNames();
}

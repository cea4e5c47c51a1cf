using System.Text;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Physics.Formats;
using EventService.Training.Catalog;
using EventService.Training.Families;
using EventService.Training.FlowEvents;
using EventService.Training.GaussianMixture;
using EventService.Training.ObjectFlow;
using EventService.Training.TableFlows;

namespace EventService.Training.Tests.Recipes;

/// <summary>Recipes: those of the repository are understood, faults are named, tables are read as they say.</summary>
public sealed class RecipeTests
{
    private const string Toy = """
        {
          "name": "toy", "process": "toy", "crossSectionPb": 1,
          "data": {
            "select": [{ "column": "label", "value": "1" }],
            "maps": [{ "kind": "standardise" }],
            "columns": [
              { "name": "a", "source": "alpha", "unit": "GeV" },
              { "name": "dphi", "unit": "rad", "deltaPhi": ["phi1", "phi2"] },
              { "name": "m", "unit": "GeV", "pairMass": ["alpha", "eta1", "phi1", "pt2", "eta2", "phi2"] }
            ]
          },
          "architecture": { "layers": 2, "family": "maf", "network": { "width": 8, "blocks": 1 } },
          "training": { "epochs": 1, "learningRate": 0.001 }
        }
        """;

    public static TheoryData<string> Shipped() => [.. Directory.GetFiles(Path.Combine(Repository.Root, "recipes"), "*.json").Select(f => Path.GetFileName(f)).Order()];

    [Theory]
    [MemberData(nameof(Shipped))]
    public void Parse_OfARecipeOfTheRepository_IsOfItsFamily(string file)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "recipes", file));
        var recipe = TrainableFamilies.Parse(Encoding.UTF8.GetBytes(text));
        Assert.Equal(Path.GetFileNameWithoutExtension(file), recipe.Name);
        Assert.IsType(
            text.Contains("\"object-flow\"", StringComparison.Ordinal) ? typeof(ObjectFlowRecipe)
            : text.Contains("\"composition\"", StringComparison.Ordinal) ? typeof(FlowEventsRecipe)
            : text.Contains("\"gaussian-mixture\"", StringComparison.Ordinal) ? typeof(GaussianMixtureRecipe)
            : typeof(TableFlowRecipe),
            recipe);
        if (recipe is TableFlowRecipe { Architecture: LikelihoodFamily family } table)
        {
            Assert.NotEmpty(new TrainableFlow(family, table.Data.Columns.Count, 1).Export());
        }
    }

    [Fact]
    public void Parse_OfTheRecipeOfT5qqqqww_HasTheAlternativeOfTheShippedModel()
    {
        var condition = TrainableFamilies.Parse<TableFlowRecipe>(File.ReadAllBytes(Path.Combine(Repository.Root, "recipes", "t5qqqqww.json"))).Data.Conditions.Single();
        var shipped = EventGenerator.ReadDocument(File.ReadAllBytes(Path.Combine(Repository.Root, "models", "t5qqqqww.safetensors"))).Conditions.Single();
        Assert.Equal(new AlternativeParameter("mChargino", "GeV", "Mass of the chargino", 100, 2100), condition.Alternative);
        Assert.Equal((condition.Name, condition.Unit, condition.Description, condition.Alternative), (shipped.Name, shipped.Unit, shipped.Description, shipped.Alternative));
    }

    [Theory]
    [InlineData("\"epochs\": 1", "\"epochz\": 1", "training.epochz is not a field there; expected seed, epochs, batchSize, ")]
    [InlineData("\"maf\"", "\"mav\"", "architecture.family is 'mav', expected one of made, made-mog, maf, maf-made-mog, iaf, a-rqs, nsf, realnvp, glow, flow-matching, object-flow")]
    [InlineData("\"standardise\"", "\"normalise\"", "data.maps[0].kind is 'normalise', expected one of standardise, log, log10, ")]
    [InlineData("\"epochs\": 1", "\"epochs\": 0", "0 epochs with batches of 1024 in shards of 512, expected at least 1")]
    [InlineData("\"name\": \"a\"", "\"name\": \"a b\"", "the column name 'a b' is not allowed")]
    [InlineData("\"name\": \"a\"", "\"name\": \"m\"", "the column 'm' is there twice")]
    [InlineData("\"layers\": 2", "\"layers\": 0", "architecture: The flow has 0 layers, expected 1 to 100")]
    [InlineData("\"width\": 8", "\"width\": 0", "width 0")]
    [InlineData("\"phi1\", \"phi2\"]", "\"phi1\"]", "deltaPhi of 1 columns, expected 2 azimuths")]
    [InlineData("\"epochs\": 1, \"learningRate\": 0.001 }", "\"epochs\": 1, \"learningRate\": 0.001 }, \"refinement\": { \"network\": { \"width\": 8, \"blocks\": 1 }, \"training\": { \"epochs\": 1, \"learningRate\": 0.001 }, \"quantile\": 1 }", "refinement: quantile 1 and 1000000 acceptanceEvents, expected above 0 to below 1")]
    [InlineData("\"epochs\": 1, \"learningRate\": 0.001 }", "\"epochs\": 1, \"learningRate\": 0.001 }, \"refinement\": { \"network\": { \"width\": 8, \"blocks\": 1 }, \"training\": { \"epochs\": 1, \"learningRate\": 0.001 }, \"marginalQuantiles\": 1 }", "refinement: 1 marginalQuantiles, expected 0 for none, or 3 to 1000")]
    [InlineData("\"crossSectionPb\": 1", "\"crossSectionPb\": -1", "crossSectionPb is -1")]
    [InlineData("\"columns\": [", "\"inequalities\": [{\"terms\": {\"a\": 1, \"b*a\": 1}, \"atLeast\": 0, \"meaning\": \"why\"}], \"columns\": [", "data.inequalities: 'why' names 'b', expected columns of the events: a, dphi, m")]
    [InlineData("\"columns\": [", "\"inequalities\": [null], \"columns\": [", "data.inequalities[0] is null, expected an object with terms, atLeast, meaning")]
    [InlineData("\"columns\": [", "\"inequalities\": [{\"terms\": {\"a\": 1}, \"atLeast\": 0, \"atMost\": 1, \"meaning\": \"why\"}], \"columns\": [", "data.inequalities[0].atMost is not a field there; expected terms, atLeast, meaning")]
    [InlineData("\"columns\": [", "\"inequalities\": [], \"columns\": [", "data.inequalities are 0 under 0 conditions, expected at least one")]
    public void Parse_OfAFault_NamesIt(string good, string bad, string message)
    {
        Assert.Contains(good, Toy, StringComparison.Ordinal);
        var text = Toy.Replace(good, bad, StringComparison.Ordinal);
        var e = Assert.Throws<ModelFormatException>(() => TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(text)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadTable_TakesSelectedRowsAndComputesColumns()
    {
        const string table = "label,phi1,alpha,eta1,pt2,eta2,phi2\n1,1.0,3,0.5,4,-0.5,2.0\n0,0,0,0,0,0,0\r\n1,3.0,10,0,10,0,-0.14159265358979312\n";
        var sample = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Toy)).ReadTable(new MemoryStream(Encoding.UTF8.GetBytes(table)), "toy.csv");

        Assert.Equal(2, sample.Count);
        Assert.Equal(3, sample.Row(0)[0]);
        Assert.Equal((2 * Math.PI) - 1, sample.Row(0)[1], 1e-12);
        Assert.Equal(Math.Sqrt(2 * 3 * 4 * (Math.Cosh(1) - Math.Cos(1))), sample.Row(0)[2], 1e-12);
        Assert.Equal(Math.PI, sample.Row(1)[1], 1e-12);
        Assert.Equal(20, sample.Row(1)[2], 1e-12);   // back to back: the sum of both
    }

    [Theory]
    [InlineData("label,phi1,alpha,eta1,pt2,eta2\n", "the header has column 'phi2' not, expected once")]
    [InlineData("label,phi1,alpha,eta1,pt2,eta2,phi2\n1,1,x,0,0,0,0\n", "toy.csv, line 2, column 5: column 'alpha' is 'x', expected a finite number")]
    [InlineData("label,phi1,alpha,eta1,pt2,eta2,phi2\n1,1,2\n", "the line has 3 fields, expected 7 as the header")]
    [InlineData("", "the file is empty, expected a header line")]
    public void ReadTable_OfAFault_SaysWhere(string table, string message)
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(Toy));
        var e = Assert.Throws<DataFormatException>(() => recipe.ReadTable(new MemoryStream(Encoding.UTF8.GetBytes(table)), "toy.csv"));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }
}

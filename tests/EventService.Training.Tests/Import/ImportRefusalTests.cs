using System.Text;
using System.Text.Json.Nodes;

using EventService.Engine.Serialization;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Training.Import;

namespace EventService.Training.Tests.Import;

/// <summary>What cannot be imported is refused by a sentence that says what was found and what is understood.</summary>
public sealed class ImportRefusalTests
{
    private const string Net = "_transform._transforms.1.autoregressive_net.";
    private const string ZukoNet = "transform.transforms.0.hyper.";

    /// <summary>A change of a state dict, and the sentence that meets it.</summary>
    public static TheoryData<string, string, string> StateChanges() => new()
    {
        { "nflows-maf-residual", "add extra.weight", "1 of 101 tensors have no meaning here: 'extra.weight'. Understood are, of nflows:" },
        { "nflows-maf-residual", $"remove {Net}final_layer.bias", $"tensor '{Net}final_layer.bias' is missing among 99: '_transform._transforms.0._permutation'," },
        { "nflows-maf-residual", $"reshape {Net}initial_layer.weight", $"tensor '{Net}initial_layer.mask' has the shape [16, 4], expected [4, 4]." },
        { "nflows-maf-residual", $"add {Net}context_layer.weight", $"'{Net}context_layer' shows a flow that is conditioned on a context." },
        { "nflows-maf-residual", $"add {Net}blocks.0.batch_norm_layers.0.weight", $"'{Net}blocks.0.batch_norm...' shows batch normalisation within the layers." },
        { "nflows-maf-residual", "add _transform._transforms.9.unconstrained_weight", "'_transform._transforms.' has the entries 0, 1, 2, 3, 4, 5, 6, 7, 9; one without tensors stands between them" },
        { "nflows-maf-residual", "add _transform._transforms.8.unconstrained_weight", "the transform at '_transform._transforms.8.' is of no known kind." },
        { "nflows-maf-residual", $"ones {Net}initial_layer.mask", $"tensor '{Net}initial_layer.mask' is 1 at [0, 1], where the degrees 1 and 2 ask for 0." },
        { "nflows-maf-residual", "nan _transform._transforms.3.autoregressive_net.final_layer.weight", "element 0 is NaN as float32, expected a finite number." },
        { "nflows-maf-residual", "add _embedding_net.weight", "1 of 101 tensors have no meaning here: '_embedding_net.weight'." },
        { "nflows-float64", "nan _transform._transforms.3.autoregressive_net.final_layer.weight", "element 0 is NaN, expected a finite number." },
        { "nflows-coupling-lu", "remove _transform._transforms.1.transform_net.initial_layer.weight", "tensor '_transform._transforms.1.transform_net.initial_layer.weight' is missing" },
        { "zuko-maf", $"ones {ZukoNet}0.mask", "depend on each other in a circle. The masks of its network do not belong together." },
        { "zuko-maf", "remove base.loc", "tensor 'base.loc' is missing among 31" },
        { "zuko-maf", $"remove {ZukoNet}2.weight", $"2 of 31 tensors have no meaning here: '{ZukoNet}2.bias', '{ZukoNet}2.mask'." },
    };

    [Theory]
    [MemberData(nameof(StateChanges))]
    public void Run_ChangedStateDict_SaysWhatIsWrong(string name, string change, string sentence)
    {
        var fixture = new LibraryFixture(name);
        var words = change.Split(' ');

        var e = Assert.ThrowsAny<Exception>(() => ModelImport.Run(Changed(fixture.State, words[0], words[1]), fixture.Description, "state.safetensors"));

        Assert.True(e is ModelFormatException or SafeTensorsException, $"{e}");
        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
    }

    /// <summary>A change of a description, and the sentence that meets it.</summary>
    public static TheoryData<string, string, string, string> DescriptionChanges() => new()
    {
        { "nflows-maf-residual", "library", "\"normflows\"", "The description is not understood: library is 'normflows', understood are nflows, zuko." },
        { "nflows-maf-residual", "colour", "1", "The JSON property 'colour' could not be mapped" },
        { "nflows-maf-residual", "name", "null", "The description cannot be read: " },
        { "nflows-maf-residual", "name", "\"../x\"", "name is '../x', expected letters, digits" },
        { "nflows-maf-residual", "flow.activation", "\"gelu\"", "flow.activation is 'gelu', understood are relu, leaky-relu, elu, gelu-tanh, tanh, sigmoid, softplus." },
        { "nflows-maf-residual", "flow.transform", "\"rational-quadratic\"", "flow.tails is 'missing', understood are linear, none." },
        { "nflows-maf-residual", "flow.tailBound", "3", "flow has settings of splines, but the transform is affine; leave them out." },
        { "nflows-maf-residual", "flow.slope", "1e-3", "flow.slope is given, which nflows does not have; leave it out." },
        { "nflows-maf-residual", "columns", "[]", "columns is empty, expected one entry for each feature of the flow." },
        { "nflows-maf-residual", "columns", "[{\"name\":\"a\",\"unit\":\"1\"},{\"name\":\"a\",\"unit\":\"1\"}]", "the column 'a' is there twice." },
        { "nflows-maf-residual", "columns", "[{\"name\":\"a\",\"unit\":\"1\"}]", "tensor '_transform._transforms.0._permutation' is 3, 2, 1, 0, expected each of 0 to 0 once." },
        { "nflows-maf-residual", "columns", "[{\"name\":\"a\",\"unit\":\"1\",\"maps\":[{\"kind\":\"boxcox\"}]}]", "Maps are standardise (mean, scale), log (offset), logit" },
        { "nflows-maf-residual", "columns", "[{\"name\":\"a\",\"unit\":\"1\",\"maps\":[{\"kind\":\"standardise\",\"mean\":0,\"scale\":0}]}]", "column 'a': standardise has mean 0 and scale 0" },
        { "nflows-maf-residual", "checks", "[{\"x\":[150,120,0,0.5],\"logProb\":-11}]", "Check 0 of the description fails: the log-density is " },
        { "nflows-arqs-residual", "flow.transform", "\"affine\"", "flow has settings of splines" },
        { "nflows-arqs-residual", "flow.tails", "\"none\"", "flow.tailBound is 4, expected a positive number for linear tails and none without tails." },
        { "nflows-arqs-box", "flow.tails", "\"linear\"", "flow.tailBound is missing" },
        { "nflows-arqs-box", "flow.base", "{\"kind\":\"box-uniform\",\"lower\":1,\"upper\":0}", "expected lower and upper for box-uniform" },
        { "zuko-maf", "flow.slope", "null", "flow.slope is missing, expected the slope of the zuko maps (default 1e-3 up to zuko 1.0 and from 1.5 on, 1e-4 from 1.1 to 1.4)." },
        { "zuko-maf", "flow.transform", "\"rational-quadratic\"", "the network at 'transform.transforms.0.hyper.' has 10 outputs for 5 features, expected 3 K - 1 each for K bins" },
        { "zuko-nsf", "flow.transform", "\"affine\"", "flow.tailBound is of splines only; leave it out." },
        { "zuko-nsf", "flow.tails", "\"linear\"", "flow has tails or minimum sizes, which zuko does not have; leave them out." },
    };

    [Theory]
    [MemberData(nameof(DescriptionChanges))]
    public void Run_ChangedDescription_SaysWhatIsWrong(string name, string field, string value, string sentence)
    {
        var fixture = new LibraryFixture(name);

        var e = Assert.Throws<ModelFormatException>(() => ModelImport.Run(fixture.State, With(fixture.Description, field, value), "state.safetensors"));

        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OtherLibrary_SaysWhoseNamesTheseAre()
    {
        LibraryFixture nflows = new("nflows-maf-residual"), zuko = new("zuko-maf");

        var e = Assert.Throws<ModelFormatException>(() => ModelImport.Run(zuko.State, nflows.Description, "state.safetensors"));
        Assert.StartsWith("The state dict is not understood: the names are those of zuko, but the description says library nflows. Understood are", e.Message, StringComparison.Ordinal);

        e = Assert.Throws<ModelFormatException>(() => ModelImport.Run(nflows.State, zuko.Description, "state.safetensors"));
        Assert.StartsWith("The state dict is not understood: the names are those of nflows, but the description says library zuko. Understood are", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x50, 0x4b, 3, 4, 0, 0, 0, 0, 0, 0 }, "This is a zip archive, as torch.save writes it")]
    [InlineData(new byte[] { 0x80, 2, 0x7d, 0x71, 0, 0x28, 0, 0, 0, 0 }, "This is a pickle, as torch.save writes it")]
    public void Run_FileOfTorchSave_SaysHowToConvert(byte[] file, string sentence)
    {
        var e = Assert.Throws<SafeTensorsException>(() => ModelImport.Run(file, new LibraryFixture("zuko-maf").Description, "flow.pt"));

        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
        Assert.Contains("save_file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ModelFile_SaysThatItIsOne()
    {
        var fixture = new LibraryFixture("zuko-maf");

        var e = Assert.Throws<ModelFormatException>(() => ModelImport.Run(fixture.Import().File, fixture.Description, "zuko-maf.safetensors"));

        Assert.Equal("zuko-maf.safetensors is a model file already: its metadata have 'eventservice'. Use it as it is.", e.Message);
    }

    [Fact]
    public void Run_DescriptionWithChecksOfTheLibrary_ReportsTheLargestDifference()
    {
        var fixture = new LibraryFixture("zuko-nsf");
        var checks = new JsonArray([.. Enumerable.Range(0, 5).Select(k => new JsonObject
        {
            ["x"] = new JsonArray([.. fixture.X[(k * 4)..((k + 1) * 4)].Select(x => (JsonNode)x)]),
            ["logProb"] = fixture.LogProb[k],
        })]);

        var imported = ModelImport.Run(fixture.State, With(fixture.Description, "checks", checks.ToJsonString()), "state.safetensors");
        Assert.InRange(imported.LargestCheckDifference!.Value, 0, 1e-12);

        // The same flow with another activation is another density: what the state dict cannot show, the checks do.
        var wrong = With(With(fixture.Description, "checks", checks.ToJsonString()), "flow.activation", "\"relu\"");
        var e = Assert.Throws<ModelFormatException>(() => ModelImport.Run(fixture.State, wrong, "state.safetensors"));
        Assert.Contains("Compare activation, tails, tail bound", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("layers/1/steps/0/weight", "nan", "element 0 is NaN as float32")]
    [InlineData("layers/1/steps/0/weight", "ones", "depend on each other in a circle")]
    [InlineData("layers/1/steps/0/weight", "reshape", "Tensor 'layers/1/steps/0/bias' is F32 [16], expected F32 or F64 [4].")]
    [InlineData("layers/1/steps/1/first/bias", "remove", "Tensor 'layers/1/steps/1/first/bias' not found")]
    public void Load_ChangedModelFile_SaysWhatIsWrong(string tensor, string change, string sentence)
    {
        var file = Changed(new LibraryFixture("nflows-maf-residual").Import().File, change, tensor);

        var e = Assert.Throws<ModelFormatException>(() => EventGenerator.Load(file));

        Assert.Contains(sentence, e.Message, StringComparison.Ordinal);
    }

    private static byte[] Changed(byte[] state, string change, string name)
    {
        var file = SafeTensorsFile.Read(state);
        var tensors = file.Tensors.ToList();
        var at = tensors.FindIndex(t => t.Name == name);
        switch (change)
        {
            case "add":
                tensors.Add(SafeTensor.FromFloats(name, [2], [1, 2]));
                break;
            case "remove":
                tensors.RemoveAt(at);
                break;
            case "reshape":
                tensors[at] = tensors[at] with { Shape = [.. tensors[at].Shape.Reverse()] };
                break;
            case "ones":
                tensors[at] = SafeTensor.FromFloats(name, tensors[at].Shape, [.. Enumerable.Repeat(1f, tensors[at].Count)]);
                break;
            default:
                var data = tensors[at].Data.ToArray();
                (tensors[at].Type == SafeTensorType.F64 ? BitConverter.GetBytes(double.NaN) : BitConverter.GetBytes(float.NaN)).CopyTo(data, 0);
                tensors[at] = tensors[at] with { Data = data };
                break;
        }

        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, file.Metadata.ToDictionary(), tensors);
        return stream.ToArray();
    }

    private static byte[] With(byte[] description, string field, string value)
    {
        var json = JsonNode.Parse(description)!.AsObject();
        var parts = field.Split('.');
        (parts.Length == 1 ? json : json[parts[0]]!.AsObject())[parts[^1]] = JsonNode.Parse(value);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}

using System.Buffers.Binary;
using System.Text.Json;

using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Training;

namespace EventService.Models.Tests.ObjectFlow;

public class ObjectFlowFileTests
{
    private static readonly Lazy<byte[]> s_file = new(() => Write(Document()));

    [Fact]
    public void WriteThenLoad_GivesTheSameEventsAndDensitiesToTheBit()
    {
        var flow = SmallFlow.Shared;
        var loaded = EventGenerator.Load(s_file.Value);

        // The digest of the file is part of the key of the random numbers: give it to the original, too.
        var original = new AutoregressiveObjectFlow(flow.Network, flow.Coordinates, new ObjectFlowConditions(new CountPoint(flow.Counts, flow.Acceptance)), flow.Filter, flow.Schema, 100 * 0.5, Convert.FromHexString(loaded.Sha256));
        var expected = SmallFlow.Generate(original, 8, 0, 200);
        var (events, density) = SmallFlow.Generate(loaded.Model, 8, 0, 200);
        Assert.Equal(SmallFlow.Bits(expected.Events), SmallFlow.Bits(events));
        Assert.Equal(expected.LogDensity, density);
        Assert.Equal(SmallFlow.LogDensity(original, SmallFlow.Data)[..500], SmallFlow.LogDensity(loaded.Likelihood!, SmallFlow.Data)[..500]);
        Assert.Equal(s_file.Value, Write(Document()));
    }

    [Fact]
    public void Load_SchemaWithoutTheMassesOfJets_ServesThemWithTheSameMaxima()
    {
        var schema = Document().Schema;
        var before = schema with { Collections = [.. schema.Collections.Select(c => c with { Columns = [.. c.Columns.Where(x => x.Name != "mass")] })] };
        Assert.NotEqual(schema.Describe(), before.Describe());
        var loaded = EventGenerator.Load(Write(Document() with { Schema = before }));
        Assert.Equal(schema.Describe(), loaded.Model.Schema.Describe());
        Assert.Equal(schema.Collections.Select(c => c.Maximum), loaded.Model.Schema.Collections.Select(c => c.Maximum));
        Assert.All(SmallFlow.Generate(loaded.Model, 8, 0, 20).Events.Mass.ToArray(), m => Assert.True(m >= 0));
    }

    [Fact]
    public void Load_Of200MutatedFiles_IsRefusedWithASentenceOrWorks()
    {
        var refused = 0;
        for (var m = 0; m < 200; m++)
        {
            var mutated = Mutate(s_file.Value, m);
            if (mutated.AsSpan().SequenceEqual(s_file.Value))
            {
                continue;   // a copied chunk or a byte happened to be what was there
            }

            EventGenerator loaded;
            try
            {
                loaded = EventGenerator.Load(mutated);
            }
            catch (ModelFormatException e)
            {
                Assert.True(e.Message.Length > 20, e.Message);
                refused++;
                continue;
            }

            // Bytes of values cannot be told from other values but by the digest; what loads must work or say why it does not.
            Assert.NotEqual(SmallFlowDigest(), loaded.Sha256);
            try
            {
                var (events, _) = SmallFlow.Generate(loaded.Model, 1, 0, 3);
                Assert.Equal(3, events.Count);
                Assert.All(SmallFlow.LogDensity(loaded.Likelihood!, events), d => Assert.False(double.IsNaN(d.LogDensity)));
            }
            catch (AttemptsExhaustedException)
            {
                // Rules or weights that no event fulfils.
            }
        }

        Assert.InRange(refused, 60, 199);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(100)]
    public void Load_OfABeginning_IsRefused(int length) =>
        Assert.Throws<ModelFormatException>(() => EventGenerator.Load(s_file.Value.AsMemory(0, length)));

    [Fact]
    public void Load_WithTrailingBytesOrALostByte_IsRefused()
    {
        Assert.Throws<ModelFormatException>(() => EventGenerator.Load((byte[])[.. s_file.Value, 0]));
        Assert.Throws<ModelFormatException>(() => EventGenerator.Load(s_file.Value.AsMemory(0, s_file.Value.Length - 1)));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Load_WithAWeightThatIsNotFinite_IsRefused(float value)
    {
        var e = Refuse(Document(), tensors => Replace(tensors, "network/Met.in.weight", t =>
        {
            var floats = t.ToFloats();
            floats[3] = value;
            return SafeTensor.FromFloats(t.Name, t.Shape, floats);
        }));
        Assert.Contains("network/Met.in.weight", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WithAWrongShape_NamesTheTensorAndBothShapes()
    {
        var e = Refuse(Document(), tensors => Replace(tensors, "network/Met.pt.first.weight", t => t with { Shape = [t.Shape[1], t.Shape[0]] }));
        Assert.Contains("'network/Met.pt.first.weight' is F32 [16, 8], expected F32 [8, 16]", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WithATensorMissingOrTooMany_IsRefused()
    {
        Refuse(Document(), tensors => [.. tensors.Where(t => t.Name != "counts/occurrences")]);
        Refuse(Document(), tensors => [.. tensors.Where(t => t.Name != "counts/vectors")]);
        Refuse(Document(), tensors => [.. tensors.Where(t => t.Name != "network/Met.in.bias")]);
        Refuse(Document(), tensors => [.. tensors, SafeTensor.FromFloats("network/more", [1], [1])]);
    }

    [Fact]
    public void Load_WithBadTables_IsRefused()
    {
        Refuse(Document(), tensors => Replace(tensors, "counts/occurrences", t => With(t, 0, 0)));
        Refuse(Document(), tensors => Replace(tensors, "counts/occurrences", t => With(t, 0, -1)));
        Refuse(Document(), tensors => Replace(tensors, "counts/occurrences", t => With(With(t, 0, long.MaxValue), 1, long.MaxValue)));
        Refuse(Document(), tensors => Replace(tensors, "acceptance/accepted", t => With(t, 0, long.MaxValue)));
        Refuse(Document(), tensors => Replace(Replace(tensors, "acceptance/drawn", t => With(With(t, 0, long.MaxValue), 1, long.MaxValue)), "acceptance/accepted", t => t));
        Refuse(Document(), tensors => Replace(tensors, "counts/vectors", t => t with { Shape = [t.Shape[0] * 7], Type = SafeTensorType.U8 }));
    }

    [Fact]
    public void Load_WithCountsOfNoObject_SaysSo()
    {
        var e = Refuse(Document(), tensors => Replace(tensors, "counts/vectors", t =>
        {
            var bytes = t.Data.ToArray();
            bytes.AsSpan(7 * 2, 7).Clear();
            return t with { Data = bytes };
        }));
        Assert.Contains("Count vector 2 (occurrences: ", e.Message, StringComparison.Ordinal);
        Assert.Contains("no object of any type", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WithoutAnAcceptedDraw_SaysSo()
    {
        static SafeTensor Zeros(SafeTensor t) => t with { Data = new byte[t.Data.Length] };
        var e = Refuse(Document(), tensors => Replace(tensors, "acceptance/accepted", Zeros));
        Assert.Contains("The validity filter accepted none of ", e.Message, StringComparison.Ordinal);
        e = Refuse(Document(), tensors => Replace(Replace(tensors, "acceptance/accepted", Zeros), "acceptance/drawn", Zeros));
        Assert.Contains("The validity filter accepted none of 0 draws", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("width", 17)]
    [InlineData("width", 0)]
    [InlineData("width", 2000000000)]
    [InlineData("blocks", 2)]
    [InlineData("blocks", -1)]
    [InlineData("bins", 7)]
    [InlineData("bins", 1)]
    [InlineData("azimuthKnots", 100000)]
    [InlineData("azimuthKnots", 20)]
    [InlineData("headWidth", -5)]
    [InlineData("conditions", 1)]
    public void Load_WithOtherHyperparameters_IsRefused(string name, int value)
    {
        var hyper = JsonSerializer.Deserialize<Dictionary<string, int>>(Document().Hyperparameters)!;
        hyper[name] = value;
        Refuse(Document() with { Hyperparameters = JsonSerializer.SerializeToElement(hyper) }, t => t);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1, 2]")]
    [InlineData("\"text\"")]
    [InlineData("{\"etaLimits\": [1], \"pt\": [], \"eta\": [], \"mass\": [], \"met\": null, \"separations\": []}")]
    public void Load_WithABadPreprocessing_IsRefused(string json) =>
        Refuse(Document() with { Preprocessing = JsonDocument.Parse(json).RootElement }, t => t);

    [Theory]
    [InlineData("\"etaLimits\":[", "\"etaLimits\":[\"NaN\",")]
    [InlineData("\"separations\":[", "\"separations\":[null,")]
    [InlineData("\"minimumDeltaR\":", "\"minimumDeltaR\":\"NaN\",\"was\":")]
    [InlineData("\"minimumDeltaR\":", "\"minimumDeltaR\":-1,\"was\":")]
    [InlineData("\"met\":{", "\"met\":{\"t\":null,\"y\":null,\"d\":null,\"was\":null,")]
    public void Load_WithAnInvalidPartOfThePreprocessing_IsRefused(string old, string replacement)
    {
        var text = Document().Preprocessing.GetRawText();
        var at = text.IndexOf(old, StringComparison.Ordinal);
        Assert.True(at >= 0);
        var changed = text[..at] + replacement + text[(at + old.Length)..];

        // Later duplicates win in JSON: drop the valid maps behind the null ones.
        if (old.Contains("met", StringComparison.Ordinal))
        {
            changed = text[..at] + "\"met\":null,\"separations\":[]}";
        }

        Refuse(Document() with { Preprocessing = JsonDocument.Parse(changed).RootElement }, t => t);
    }

    [Fact]
    public void Load_WithAWeightOrSchemaThatEventsCannotHave_IsRefused()
    {
        Refuse(Document() with { CrossSectionPb = double.NaN }, t => t);
        Refuse(Document() with { SelectionEfficiency = double.PositiveInfinity }, t => t);
        Refuse(Document() with { Schema = Document().Schema with { Collections = [] } }, t => t);
    }

    [Fact]
    public void Load_OfAnotherFormatOrArchitecture_SaysWhatItFound()
    {
        Assert.Contains("format version 2, expected 1", Refuse(Document() with { FormatVersion = 2 }, t => t).Message, StringComparison.Ordinal);
        Assert.Contains("'diffusion'", Refuse(Document() with { Architecture = "diffusion" }, t => t).Message, StringComparison.Ordinal);
        var bare = new MemoryStream();
        SafeTensorsWriter.Write(bare, new Dictionary<string, string>(), []);
        Assert.Contains("'eventservice'", Assert.Throws<ModelFormatException>(() => EventGenerator.Load(bare.ToArray())).Message, StringComparison.Ordinal);
    }

    private static string SmallFlowDigest() => EventGenerator.Load(s_file.Value).Sha256;

    /// <summary>A byte changed, a few bytes lost, doubled or swapped; most of them in the header, where the meaning is.</summary>
    private static byte[] Mutate(byte[] file, int number)
    {
        var random = new PhiloxStream(2024, (ulong)number);
        var header = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var end = random.NextDouble() < 0.75 ? header : file.Length;
        List<byte> bytes = [.. file];
        for (var times = 1 + (int)(3 * random.NextDouble()); times > 0; times--)
        {
            var at = (int)(random.NextDouble() * Math.Min(end, bytes.Count));
            switch ((int)(random.NextDouble() * 5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << (int)(8 * random.NextDouble()));
                    break;
                case 1:
                    bytes[at] = (byte)random.NextUInt32();
                    break;
                case 2:
                    bytes[at] = (byte)"0123456789-.eE{}[]\",:\\nN"[(int)(24 * random.NextDouble())];
                    break;
                case 3:
                    bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + (int)(20 * random.NextDouble())));
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + (int)(20 * random.NextDouble()))));
                    break;
            }
        }

        // Half of the changes in length are told to the header, so that the JSON itself is reached.
        if (bytes.Count != file.Length && end == header && random.NextDouble() < 0.7)
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header - 8 + bytes.Count - file.Length);
            for (var k = 0; k < 8; k++)
            {
                bytes[k] = length[k];
            }
        }

        return [.. bytes];
    }

    private static ModelFormatException Refuse(ModelDocument document, Func<List<SafeTensor>, List<SafeTensor>> change)
    {
        var tensors = change([.. SafeTensorsFile.Read(s_file.Value.AsMemory()).Tensors]);
        var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = JsonSerializer.Serialize(document, ModelJson.Options) }, tensors);
        return Assert.Throws<ModelFormatException>(() => EventGenerator.Load(stream.ToArray()));
    }

    private static List<SafeTensor> Replace(List<SafeTensor> tensors, string name, Func<SafeTensor, SafeTensor> change) =>
        [.. tensors.Select(t => t.Name == name ? change(t) : t)];

    private static SafeTensor With(SafeTensor tensor, int index, long value)
    {
        var bytes = tensor.Data.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * index), value);
        return tensor with { Data = bytes };
    }

    internal static byte[] Write(ModelDocument document)
    {
        var flow = SmallFlow.Shared;
        var stream = new MemoryStream();
        ModelAssembler.Write(stream, document, ObjectFlowFile.Tensors(flow.Network, [new CountPoint(flow.Counts, flow.Acceptance)]));
        return stream.ToArray();
    }

    internal static ModelDocument Document()
    {
        var flow = SmallFlow.Shared;
        var (hyperparameters, preprocessing) = ObjectFlowFile.Describe(flow.Network, flow.Coordinates, flow.Filter);
        return new ModelDocument
        {
            FormatVersion = 1,
            Name = "small",
            Process = "ttbar",
            Description = "A random flow",
            Architecture = AutoregressiveObjectFlow.ArchitectureName,
            Hyperparameters = hyperparameters,
            Preprocessing = preprocessing,
            Schema = flow.Schema,
            Conditions = [],
            CrossSectionPb = 100,
            SelectionEfficiency = 0.5,
            SumOfWeights = 500_000,
            Acceptance = flow.Acceptance.Overall.Mean,
            AcceptanceError = flow.Acceptance.Overall.Error,
            Training = new TrainingProvenance
            {
                Command = "eventservice train",
                DataFile = "ttbar-4000.csv.gz",
                DataSha256 = new string('0', 64),
                TrainingEvents = 1,
                ValidationEvents = 1,
                TestEvents = 1,
                Seed = 1,
                Epochs = 1,
                BestEpoch = 0,
                TrainingLoss = 1,
                ValidationLoss = 1,
                ServiceVersion = "0.1.0",
            },
        };
    }
}

using System.Text.Json;
using System.Text.Json.Nodes;
using EventService.Engine.Serialization;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.FlowEvents;
using EventService.Models.Tests.ObjectFlow;
using EventService.Physics.Events;
using static EventService.Models.Tests.FlowEvents.Compositions;

namespace EventService.Models.Tests.FlowEvents;

public class FlowEventsFileTests
{
    public static TheoryData<string> All => ["particles", "cumulative-particles", "fixed-event"];

    [Theory]
    [MemberData(nameof(All))]
    public void AModelFile_GivesBackTheComposition(string name)
    {
        var composition = Named(name);
        var loaded = Assert.IsType<FlowEventsModel>(EventGenerator.Load(Write(composition)).Model);
        Assert.IsType(composition.GetType(), loaded.Composition);
        Assert.Equal(composition.Counts?.Vectors, loaded.Composition.Counts?.Vectors);

        // The same draws make the same candidates, whatever the digest of the model is.
        EventAttempt[] attempts = [new(1, 2, 3), new(4, 5, 0)];
        var (expected, found) = (Drawn(composition, attempts), Drawn(loaded.Composition, attempts));
        Assert.True(expected.ObjectCount > 0);
        Assert.Equal(expected.Met, found.Met);
        Assert.True(expected.Type.SequenceEqual(found.Type));
        Assert.Equal(expected.Pt, found.Pt);
        Assert.Equal(expected.Energy, found.Energy);
    }

    [Fact]
    public void AModelOfComposedFlows_HasNoDensity() => Assert.Null(EventGenerator.Load(Write(Named("particles"))).Likelihood);

    [Theory]
    [InlineData("particles", "composition", "\"wholes\"", "The composition is 'wholes', expected 'particles', 'cumulative-particles' or 'fixed-event'")]
    [InlineData("cumulative-particles", "candidates", "0", "candidates is 0, expected 1 to 100000")]
    [InlineData("fixed-event", "slots", "[]", "slots has 0 types of objects, expected 1 to 64")]
    [InlineData("fixed-event", "slots", "[\"Jet\"]", "The flow 'event' has 66 columns, expected 6")]
    public void AModelFile_WithOtherHyperparameters_IsRefused(string name, string field, string value, string sentence)
    {
        var file = Write(Named(name), hyper => hyper[field] = JsonNode.Parse(value));
        Assert.Contains(sentence, Assert.Throws<ModelFormatException>(() => EventGenerator.Load(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelFile_WithoutCounts_IsRefused()
    {
        var file = Write(Named("particles"), _ => { }, tensors => tensors.Where(t => t.Name != "counts/occurrences"));
        Assert.Contains("'counts/occurrences' not found", Assert.Throws<ModelFormatException>(() => EventGenerator.Load(file)).Message, StringComparison.Ordinal);
    }

    private static IEventComposition Named(string name) => name switch
    {
        "particles" => Particles((2, 0.1), (0, 1)),
        "cumulative-particles" => Cumulative(7),
        _ => Fixed([(1, 2), (-3, 3), (2.5, 3.5), (2, 3), (-2, 2), (-3, 3), .. Enumerable.Repeat((-0.25, 0.25), 60)]),
    };

    private static EventSample Drawn(IEventComposition composition, EventAttempt[] attempts)
    {
        EventCandidate[] candidates = [.. attempts.Select(_ => new EventCandidate())];
        composition.Draw(attempts, candidates);
        var events = new EventSample();
        Assert.All(candidates, c => Assert.True(c.TryAppendTo(events, 0, 1)));
        return events;
    }

    internal static byte[] Write(string name) => Write(Named(name));

    private static byte[] Write(IEventComposition composition) => Write(composition, _ => { }, tensors => tensors);

    private static byte[] Write(IEventComposition composition, Action<JsonNode> change) => Write(composition, change, tensors => tensors);

    private static byte[] Write(IEventComposition composition, Action<JsonNode> change, Func<IEnumerable<SafeTensor>, IEnumerable<SafeTensor>> keep)
    {
        var (hyperparameters, tensors) = FlowEventsFile.Describe(composition);
        var node = JsonNode.Parse(hyperparameters.GetRawText())!;
        change(node);
        var document = ObjectFlowFileTests.Document() with
        {
            Architecture = FlowEventsModel.ArchitectureName,
            Hyperparameters = JsonSerializer.SerializeToElement(node),
            Preprocessing = JsonSerializer.SerializeToElement(Array.Empty<int>()),
        };
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = JsonSerializer.Serialize(document, ModelJson.Options) }, [.. keep(tensors)]);
        return stream.ToArray();
    }
}

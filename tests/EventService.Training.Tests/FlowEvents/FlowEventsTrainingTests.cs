using System.Text;
using EventService.Evaluation;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.FlowEvents;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Training.Catalog;
using EventService.Training.FlowEvents;

namespace EventService.Training.Tests.FlowEvents;

public sealed class FlowEventsTrainingTests : IDisposable
{
    private const string Text = """
        {
          "name": "small", "process": "ttbar", "crossSectionPb": 509.4, "composition": "particles", "candidates": 20, "acceptanceEvents": 2000,
          "maps": [{"kind": "gauss-rank", "quantiles": 50}],
          "architecture": {"family": "maf", "layers": 2, "norm": "None", "network": {"width": 16, "blocks": 1}},
          "training": {"epochs": 2, "batchSize": 256, "shardSize": 128, "learningRate": 0.003, "warmUpSteps": 5}
        }
        """;

    private static readonly EventSample s_all = DarkMachinesReader.ReadAll(Repository.TestData("Evaluation/ttbar-4000.csv.gz"));

    // Jets and b-jets only: of the other types 4000 events have too few to learn from.
    private static readonly EventSample s_hadronic = EventSubset.Where(s_all, k =>
        s_all.Type[s_all.Offsets[k]..s_all.Offsets[k + 1]].IndexOfAnyExcept(ObjectType.BJet, ObjectType.Jet) < 0);

    private readonly string _folder = Directory.CreateTempSubdirectory("flow-events-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Training_OfParticles_GivesAModelNearTheData()
    {
        var model = Load(Train(s_hadronic, Recipe(text => Splines(text).Replace("\"epochs\": 2", "\"epochs\": 20", StringComparison.Ordinal)), "a"));
        var generated = GeneratedSample.Draw(model.Model, new EventStream(1, []), s_hadronic.Count, new Progress<long>(), CancellationToken.None);

        // Two samples of the data are 0.01 apart in the logarithms; standard deviations are 0.25 in these, 1.2 in eta and 1.8 in phi.
        // Energies need the correlation with momentum and eta.
        var comparison = ParticleComparison.Of(s_hadronic, generated);
        Assert.All(comparison.Particles, p => Assert.True(p.Wasserstein < (p.Variable is "eta" or "phi" ? 0.15 : 0.05), $"{p}"));
        Assert.InRange(model.Document.Acceptance, 0.3, 1);
        Assert.Equal(s_hadronic.Count / 10, model.Document.Training.TestEvents, 1.0);
    }

    [Theory]
    [InlineData("particles")]
    [InlineData("cumulative-particles")]
    public void Training_InterruptedAndResumed_GivesTheSameFile(string composition)
    {
        var recipe = Recipe(text => text.Replace("\"composition\": \"particles\"", $"\"composition\": \"{composition}\"", StringComparison.Ordinal));
        var whole = Train(s_hadronic, recipe, "whole");

        // Stopped in the middle of the second flow.
        using (var stop = new CancellationTokenSource())
        {
            var first = new FlowEventsTraining(s_hadronic, recipe, 2, 3);
            Run(first, first.Stages[0], "cut");
            var steps = 0;
            Assert.Throws<OperationCanceledException>(() => first.Begin(first.Stages[1]).Run(Path.Combine(_folder, "cut." + first.Stages[1]), _ =>
            {
                if (++steps == 5)
                {
                    stop.Cancel();
                }
            }, stop.Token));
        }

        Assert.Equal(whole, Train(s_hadronic, recipe, "cut"));
    }

    [Fact]
    public void Training_OfTheFixedEvent_LearnsWhichObjectsAreThere()
    {
        // Two flows of splines: enough to tell the two peaks of a place, absent and present.
        var recipe = Recipe(text => Splines(text).Replace("\"particles\"", "\"fixed-event\"", StringComparison.Ordinal).Replace("\"epochs\": 2", "\"epochs\": 10", StringComparison.Ordinal));
        var model = Load(Train(s_all, recipe, "f"));
        var generated = GeneratedSample.Draw(model.Model, new EventStream(1, []), 2000, new Progress<long>(), CancellationToken.None);
        static double Mean(EventSample events, ObjectType type, Func<int, bool> takes) =>
            Enumerable.Range(0, events.Count).Where(takes).Average(k => (double)events.Type[events.Offsets[k]..events.Offsets[k + 1]].Count(type));

        var read = Enumerable.Range(0, s_all.Count).Where(k => FixedEventFlow.TryRead(s_all, k, FixedEventFlow.StandardSlots, () => 0.5, new double[66])).ToHashSet();
        foreach (var type in new[] { ObjectType.BJet, ObjectType.Jet, ObjectType.MuonMinus })
        {
            Assert.Equal(Mean(s_all, type, read.Contains), Mean(generated, type, _ => true), 0.25);
        }
    }

    [Theory]
    [InlineData("\"particles\"", "\"pieces\"", "composition is 'pieces', expected one of particles, cumulative-particles, fixed-event")]
    [InlineData("509.4", "-1", "crossSectionPb is -1")]
    [InlineData("\"candidates\": 20", "\"candidates\": 0", "candidates is 0, expected 1 to 100000")]
    [InlineData("\"candidates\": 20", "\"candidate\": 20", "candidate is not a field there; expected ")]
    [InlineData("\"epochs\": 2", "\"epochs\": 0", "0 epochs")]
    [InlineData("\"small\"", "\"a b\"", "name is 'a b'")]
    public void Recipe_WithAFault_SaysIt(string from, string to, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<ModelFormatException>(() => Recipe(text => text.Replace(from, to, StringComparison.Ordinal))).Message, StringComparison.Ordinal);

    [Fact]
    public void Training_OfTooFewParticles_SaysWhich() =>
        Assert.Contains("rows for the flow 'ElectronMinus', expected at least", Assert.Throws<ArgumentException>(() => new FlowEventsTraining(s_all, Recipe(), 1, 100)).Message, StringComparison.Ordinal);

    [Fact]
    public void Recipe_OfAFlowThatIsNotThere_SaysWhichAre()
    {
        var recipe = Recipe(text => text.Replace("\"candidates\": 20", "\"flows\": {\"Muon\": {}}", StringComparison.Ordinal));
        Assert.Contains("flow 'Muon', expected some of MET, BJet, Jet", Assert.Throws<ArgumentException>(() => new FlowEventsTraining(s_hadronic, recipe, 1, 100)).Message, StringComparison.Ordinal);
    }

    private static string Splines(string text) =>
        text.Replace("\"family\": \"maf\", \"layers\": 2, \"norm\": \"None\"", "\"family\": \"a-rqs\", \"layers\": 2, \"order\": \"Reverse\"", StringComparison.Ordinal);

    private static FlowEventsRecipe Recipe(Func<string, string>? change = null) => TrainableFamilies.Parse<FlowEventsRecipe>(Encoding.UTF8.GetBytes(change is null ? Text : change(Text)));

    private static EventGenerator Load(byte[] file) => EventGenerator.Load(file);

    private byte[] Train(EventSample sample, FlowEventsRecipe recipe, string checkpoints)
    {
        var training = new FlowEventsTraining(sample, recipe, 2, 3);
        foreach (var name in training.Stages)
        {
            Run(training, name, checkpoints);
        }

        using var stream = new MemoryStream();
        training.Write(stream, new ModelOrigin("eventservice train", "data.csv", new string('0', 64)));
        return stream.ToArray();
    }

    /// <summary>Trains a flow, from its checkpoint if there is one.</summary>
    private void Run(FlowEventsTraining training, string name, string checkpoints)
    {
        var (stage, checkpoint) = (training.Begin(name), Path.Combine(_folder, $"{checkpoints}.{name}"));
        if (File.Exists(checkpoint))
        {
            stage.Trainer.Resume(checkpoint);
        }

        stage.Run(checkpoint, _ => { }, default);
    }
}

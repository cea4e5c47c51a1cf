using System.Text;

using EventService.Engine.Autodiff;
using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Training.Catalog;
using EventService.Training.GaussianMixture;
using EventService.Training.Recipes;
using EventService.Training.Runs;

namespace EventService.Training.Tests.GaussianMixture;

/// <summary>Mixtures of Gaussians: gradients, and a training whose best likelihood is known in closed form.</summary>
public sealed class GaussianMixtureTrainingTests
{
    private const string Recipe = """
        {
          "name": "mixture", "process": "toy", "crossSectionPb": 1,
          "data": {"maps": [{"kind": "standardise"}], "columns": [{"name": "x", "unit": "1"}, {"name": "y", "unit": "1"}]},
          "architecture": {"family": "gaussian-mixture", "components": 2},
          "training": {"epochs": 30, "batchSize": 250, "shardSize": 125, "learningRate": 0.02, "warmUpSteps": 10, "weightDecay": 0, "averageDecay": 0.9, "patience": 30}
        }
        """;

    [Fact]
    public void Gradient_OfEveryParameter_IsTheDifferenceQuotient()
    {
        const int components = 3, features = 2;
        var parameters = new MixtureParameters(components, features);
        var random = new PhiloxStream(1, 0);
        foreach (var parameter in parameters.Set.Parameters)
        {
            foreach (ref var w in parameter.Value.Span)
            {
                w = (float)(random.NextDouble() - 0.5);
            }
        }

        var events = new Tensor(features, 1);
        (events[0, 0], events[1, 0]) = (0.7f, -0.4f);
        var tape = new Tape(parameters.Set);
        var density = new MixtureDensity(parameters.Export());
        density.Evaluate(events, 0);
        density.AddGradient(tape, parameters, 1);

        foreach (var parameter in parameters.Set.Parameters)
        {
            for (var i = 0; i < parameter.Value.Length; i++)
            {
                var (before, h) = (parameter.Value.Span[i], 1f / 256);
                double At(float value)
                {
                    parameter.Value.Span[i] = value;
                    return new MixtureDensity(parameters.Export()).Evaluate(events, 0);
                }

                var quotient = (At(before + h) - At(before - h)) / (2 * h);
                parameter.Value.Span[i] = before;
                Assert.Equal(quotient, tape[parameter].Gradient!.Span[i], 1e-4);
            }
        }
    }

    [Fact]
    public void Training_OnAMixture_ReachesItsLikelihood()
    {
        var sample = Sample(8000);
        var (file, document) = Train(sample);

        // The mean of -log p of the true density over the validation events; two components can be that good and no better but for chance.
        var validation = Enumerable.Range(0, sample.Count).Where(k => DataSplit.IsValidation(k)).ToArray();
        var truth = -validation.Average(k => LogTruth(sample.Row(k)[0], sample.Row(k)[1]));
        Assert.InRange(document.Training.ValidationLoss, truth - 0.05, truth + 0.05);

        var generator = EventGenerator.Load(file);
        Assert.Equal("gaussian-mixture", generator.Document.Architecture);
        var drawn = GeneratedSample.Draw(generator.Model, new EventStream(3, []), 20_000);
        Assert.Equal(0.25, Enumerable.Range(0, drawn.Count).Count(k => drawn.Row(k)[0] < 0) / 20_000.0, 0.03);
        var densities = new EventDensity[1];
        var point = EventSample.For(generator.Model.Schema);
        point.AddRow(0, [2, 1]);
        generator.Likelihood!.LogDensity(point, [], densities);
        Assert.Equal(LogTruth(2, 1), densities[0].LogDensity, 0.2);
    }

    [Fact]
    public void Training_WithAnyNumberOfThreads_GivesTheSameFile() =>
        Assert.Equal(Train(Sample(2000), threads: 1).File, Train(Sample(2000), threads: 2).File);

    [Theory]
    [InlineData("\"components\": 2", "\"components\": 0", "architecture.components is 0, expected 1 to 4096")]
    [InlineData("\"components\": 2", "\"size\": 2", "architecture.size")]
    [InlineData("\"columns\":", "\"conditions\": [{\"name\": \"m\", \"unit\": \"GeV\"}], \"columns\":", "a mixture of Gaussians takes none")]
    public void Recipe_ThatAMixtureCannotHave_IsRefused(string found, string replaced, string sentence) => Assert.Contains(
        sentence,
        Assert.Throws<ModelFormatException>(
            () => TrainableFamilies.Parse(Encoding.UTF8.GetBytes(Recipe.Replace(found, replaced, StringComparison.Ordinal)))).Message,
        StringComparison.Ordinal);

    private static (byte[] File, ModelDocument Document) Train(EventSample sample, int threads = 2)
    {
        var recipe = TrainableFamilies.Parse(Encoding.UTF8.GetBytes(Recipe));
        var run = TrainableFamilies.Prepare(recipe, new TrainingData(sample, "none"), new TrainingSettings(threads, 1000));
        foreach (var stage in run.Stages)
        {
            run.Begin(stage).Run(null, _ => { }, CancellationToken.None);
        }

        using var stream = new MemoryStream();
        var document = run.Write(stream, new ModelOrigin("", "", ""), new Silent());
        return (stream.ToArray(), document);
    }

    /// <summary>A quarter N((-3, 0), 0.5), the rest N((2, 1), 1) with a correlation of 0.6.</summary>
    private static EventSample Sample(int events)
    {
        var sample = new EventSample(2) { ProcessName = "toy" };
        for (var k = 0; k < events; k++)
        {
            var random = new PhiloxStream(9, (ulong)k);
            var first = random.NextDouble() < 0.25;
            double a = NormalQuantile.Of(random.NextDouble()), b = NormalQuantile.Of(random.NextDouble());
            sample.AddRow(k, first ? [-3 + (0.5 * a), 0.5 * b] : [2 + a, 1 + (0.6 * a) + (0.8 * b)]);
        }

        return sample;
    }

    private static double LogTruth(double x, double y)
    {
        var first = 0.25 * Math.Exp(-2 * (((x + 3) * (x + 3)) + (y * y))) / (2 * Math.PI * 0.25);
        var (u, v) = (x - 2, y - 1);
        var second = 0.75 * Math.Exp(-((u * u) - (1.2 * u * v) + (v * v)) / (2 * 0.64)) / (2 * Math.PI * 0.8);
        return Math.Log(first + second);
    }

    private sealed class Silent : IMeasuringProgress
    {
        public void Begin(string what, long total)
        {
        }

        public void Report(long done)
        {
        }
    }
}

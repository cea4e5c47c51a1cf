using System.Collections.Concurrent;
using System.Runtime.InteropServices;

using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.Tests.Contract;

/// <summary>
/// What holds of the models of every architecture: an event is a function of file, seed, condition and index, whatever it is generated
/// with; a file can be read again; a density is that of the sampler. A new architecture gets these tests by naming a case
/// (<see cref="IArchitectureCases"/>).
/// </summary>
[Collection(KernelPaths.Name)]
public sealed class ArchitectureContractTests
{
    private const int Events = 300; // more than a tile of any architecture
    private const ulong Seed = 11;

    private static readonly Dictionary<string, ArchitectureCase> s_cases = typeof(ArchitectureContractTests).Assembly.GetTypes()
        .Where(type => type.IsAssignableTo(typeof(IArchitectureCases)) && !type.IsInterface)
        .SelectMany(type => ((IArchitectureCases)Activator.CreateInstance(type)!).Cases)
        .ToDictionary(found => $"{found.Architecture.Name}: {found.Name}");

    private static readonly ConcurrentDictionary<string, EventGenerator> s_loaded = new();

    public static TheoryData<string> Cases => [.. s_cases.Keys.Order(StringComparer.Ordinal)];

    [Fact]
    public void EveryArchitecture_HasACase() =>
        Assert.Equal(ModelArchitectures.All.Select(a => a.Name).Order(), s_cases.Values.Select(c => c.Architecture.Name).Distinct().Order());

    [Theory, MemberData(nameof(Cases))]
    public void Capabilities_AreThoseOfTheModel(string name)
    {
        var (generator, architecture) = (Load(name), s_cases[name].Architecture);
        Assert.Equal(architecture.Has(ModelCapabilities.Density), generator.Likelihood is not null);
        Assert.True(architecture.Has(ModelCapabilities.Conditions) || generator.Document.Conditions.Count == 0);
        Assert.Equal(architecture.Name, generator.Document.Architecture);
    }

    [Theory, MemberData(nameof(Cases))]
    public void Seed_AndCondition_AndFile_DecideTheEvents(string name)
    {
        var (generator, stream) = (Load(name), Stream(name));
        var found = Generate(generator, [new(stream, 0, Events)]);
        Assert.Equal(found, Generate(generator, [new(stream, 0, Events)]));
        Assert.NotEqual(found, Generate(generator, [new(stream with { Seed = Seed + 1 }, 0, Events)]));
        if (generator.Document.Conditions is [var first, ..])
        {
            Assert.NotEqual(found, Generate(generator, [new(stream with { Condition = [first.Minimum, .. stream.Condition.Skip(1)] }, 0, Events)]));
        }

        // The digest of the file is part of every key: two models never share a stream.
        var other = EventGenerator.Load(WithDescription(s_cases[name].File(), "the same numbers under another description"));
        Assert.NotEqual(found, Generate(other, [new(stream, 0, Events)]));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Range_AskedForAlone_HasTheEventsOfTheWhole(string name)
    {
        var (generator, stream) = (Load(name), Stream(name));
        foreach (var (first, count) in new[] { (0L, 1), (1L, 15), (63L, 2), (250L, 17), (1_000_000_007L, 3) })
        {
            var alone = Generate(generator, [new(stream, first, count)]);
            EventRange[] one = [.. Enumerable.Range(0, count).Select(k => new EventRange(stream, first + k, 1))];
            Assert.Equal(alone, one.SelectMany(range => Generate(generator, [range])));
            if (first < Events)
            {
                Assert.Equal(alone, Generate(generator, [new(stream, 0, Events)]).Skip((int)first).Take(count));
            }
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Batch_OfSeveralStreams_HasTheEventsOfEach(string name)
    {
        var generator = Load(name);
        EventRange[] ranges =
        [
            new(Stream(name), 5, 40), new(Stream(name, share: 0.9), 0, 1), new(Stream(name) with { Seed = 2 }, 7, 100), new(Stream(name, share: 0.9), 1, 30), new(Stream(name), 45, 3),
        ];
        Assert.Equal(ranges.SelectMany(range => Generate(generator, [range])), Generate(generator, ranges));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Threads_AtTheSameTime_GetTheSameEvents(string name)
    {
        var (generator, stream) = (Load(name), Stream(name));
        var expected = Generate(generator, [new(stream, 0, Events)]);
        const int piece = 20;
        var found = new string[Events / piece][];
        Parallel.For(0, found.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, p => found[p] = Generate(generator, [new(stream, p * piece, piece)]));
        Assert.Equal(expected, found.SelectMany(events => events));
    }

    [Theory, MemberData(nameof(Cases))]
    public void VectorWidth_ChangesNoBit(string name)
    {
        var (generator, stream) = (Load(name), Stream(name));
        var expected = Generate(generator, [new(stream, 0, 133)]);
        foreach (var path in Enum.GetValues<VectorPath>())
        {
            Assert.Equal(expected, KernelPaths.On(path, () => Generate(generator, [new(stream, 0, 133)])));
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void File_MadeAgain_IsTheSameModel(string name)
    {
        var (first, second) = (s_cases[name].File(), s_cases[name].File());
        Assert.Equal(first, second);
        var stream = Stream(name);
        Assert.Equal(Generate(Load(name), [new(stream, 0, 50)]), Generate(EventGenerator.Load(second), [new(stream, 0, 50)]));
    }

    [Theory, MemberData(nameof(Cases))]
    public void File_WithATensorMissing_IsRefusedWithASentence(string name)
    {
        var tensors = Engine.Serialization.SafeTensorsFile.Read(s_cases[name].File());
        foreach (var missing in tensors.Tensors.Select(t => t.Name).ToArray())
        {
            using var stream = new MemoryStream();
            Engine.Serialization.SafeTensorsWriter.Write(stream, tensors.Metadata, [.. tensors.Tensors.Where(t => t.Name != missing)]);
            var e = Assert.Throws<ModelFormatException>(() => EventGenerator.Load(stream.ToArray()));
            Assert.DoesNotContain("Object reference", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void GoldenDigest_IsThatOfTheNumericsProfile(string name)
    {
        var found = GoldenSample.Digest(Load(name));
        Assert.True(s_cases[name].GoldenDigest == found, $"Found the digest {found}: other bits need another numerics profile.");
    }

    [Theory, MemberData(nameof(Cases))]
    public void Density_OfTheSamplersEvents_IsWhatTheSamplerKnows(string name)
    {
        var (generator, stream) = (Load(name), Stream(name));
        if (generator.Likelihood is not { } likelihood)
        {
            Assert.Throws<ArgumentException>(() => generator.Model.Generate([new(stream, 0, 4)], new EventBlock(generator.Model.Schema), new double[4]));
            return;
        }

        var (block, known) = (new EventBlock(generator.Model.Schema), new double[Events]);
        generator.Model.Generate([new EventRange(stream, 0, Events)], block, known);
        var sample = GeneratedSample.Draw(generator.Model, stream, Events);
        var densities = new EventDensity[Events];
        likelihood.LogDensity(sample, stream.Condition, densities);

        Assert.All(densities, d => Assert.Null(d.Reason));
        Assert.InRange(densities.Zip(known).Average(x => Math.Abs(x.First.LogDensity - x.Second)), 0, 1e-3);
        Assert.Contains("d", likelihood.BaseMeasure, StringComparison.Ordinal);

        // Each under a condition of its own is the same.
        var apart = new EventDensity[Events];
        likelihood.LogDensities(sample, [.. Enumerable.Range(0, Events).Select(_ => (IReadOnlyList<double>)[.. stream.Condition])], apart);
        Assert.Equal(densities.Select(d => d.LogDensity), apart.Select(d => d.LogDensity));
    }

    /// <summary>
    /// For a normalised density r, the mean of r / q over events of q is the share of r that is inside the support of q. Here r is a normal
    /// around the middle of the events, narrower than they are, so that the mean has a small variance. A density that misses a factor, such
    /// as a Jacobian, shows.
    /// </summary>
    [Theory, MemberData(nameof(Cases))]
    public void Density_OfATable_IntegratesToOne(string name)
    {
        var (generator, stream) = (Load(name), Stream(name));
        if (generator.Likelihood is not { } likelihood || !EventKind.Table.Includes(generator.Model.Schema))
        {
            Assert.True(generator.Likelihood is null || s_cases[name].Architecture.Name == ObjectFlow.ObjectFlowCases.ArchitectureName, "Densities of whole events are integrated by DensityIntegralTests.");
            return;
        }

        const int events = 40_000;
        var sample = GeneratedSample.Draw(generator.Model, stream, events);
        var densities = new EventDensity[events];
        likelihood.LogDensity(sample, stream.Condition, densities);
        var (mean, width) = MiddleOf(sample);
        var ratios = Enumerable.Range(0, events).Select(k =>
        {
            var log = -densities[k].LogDensity;
            for (var f = 0; f < mean.Length; f++)
            {
                var q = (sample.Row(k)[f] - mean[f]) / width[f];
                log -= (q * q / 2) + Math.Log(width[f]) + (0.5 * Math.Log(2 * Math.PI));
            }

            return Math.Exp(log);
        }).ToArray();
        var average = ratios.Average();
        var error = Math.Sqrt(ratios.Sum(r => (r - average) * (r - average)) / events / (events - 1.0));
        var inside = ShareInside(likelihood, stream.Condition, mean, width);
        Assert.InRange(error, 0, 0.1);
        Assert.InRange(average, inside - (5 * error), inside + (5 * error));
    }

    /// <summary>Share of a normal that the model gives a density.</summary>
    private static double ShareInside(ILikelihoodModel model, IReadOnlyList<double> condition, double[] mean, double[] width)
    {
        const int draws = 100_000;
        var (sample, random) = (EventSample.For(model.Schema), new PhiloxStream(5, 0));
        for (var k = 0; k < draws; k++)
        {
            sample.AddRow(k, [.. mean.Zip(width).Select(m => m.First + (m.Second * Numerics.Functions.NormalQuantile.Of(random.NextDouble())))]);
        }

        var densities = new EventDensity[draws];
        model.LogDensity(sample, condition, densities);
        return densities.Count(d => double.IsFinite(d.LogDensity)) / (double)draws;
    }

    private static (double[] Mean, double[] Width) MiddleOf(EventSample sample)
    {
        var columns = Enumerable.Range(0, sample.ColumnCount).Select(f => Enumerable.Range(0, sample.Count).Select(k => sample.Row(k)[f]).Order().ToArray()).ToArray();
        return ([.. columns.Select(c => c[c.Length / 2])], [.. columns.Select(c => 0.25 * (c[c.Length * 5 / 6] - c[c.Length / 6]))]);
    }

    private static EventGenerator Load(string name) => s_loaded.GetOrAdd(name, n => EventGenerator.Load(s_cases[n].File()));

    private static EventStream Stream(string name, double share = 0.4) =>
        new(Seed, [.. Load(name).Document.Conditions.Select(c => c.Minimum + (share * (c.Maximum - c.Minimum)))]);

    private static byte[] WithDescription(byte[] file, string description)
    {
        var tensors = Engine.Serialization.SafeTensorsFile.Read(file);
        var document = EventGenerator.ReadDocument(file) with { Description = description };
        using var stream = new MemoryStream();
        var json = System.Text.Json.JsonSerializer.Serialize(document, ModelJson.Options);
        Engine.Serialization.SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = json }, [.. tensors.Tensors]);
        return stream.ToArray();
    }

    /// <summary>The bytes of each event, as text, so that events compare one by one.</summary>
    private static string[] Generate(EventGenerator generator, ReadOnlySpan<EventRange> ranges)
    {
        var block = new EventBlock(generator.Model.Schema);
        generator.Model.Generate(ranges, block, []);
        var events = new string[block.Count];
        for (var k = 0; k < events.Length; k++)
        {
            using var bytes = new MemoryStream();
            bytes.Write(BitConverter.GetBytes(block.EventNumber[k]));
            foreach (var column in block.Scalars)
            {
                bytes.Write(MemoryMarshal.AsBytes(column.AsSpan(k, 1)));
            }

            foreach (var collection in block.Collections)
            {
                foreach (var column in collection.Columns)
                {
                    bytes.Write(MemoryMarshal.AsBytes(column.AsSpan(collection.Offsets[k], collection.Offsets[k + 1] - collection.Offsets[k])));
                }
            }

            events[k] = Convert.ToHexString(bytes.ToArray());
        }

        return events;
    }
}

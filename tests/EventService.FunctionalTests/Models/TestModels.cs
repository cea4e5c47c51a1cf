using System.Collections.Concurrent;
using System.Text.Json;

using EventService.Engine.Serialization;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Registry.Artifacts;

namespace EventService.FunctionalTests.Models;

/// <summary>Model files that hold a document and no tensors, and the loader that knows their architectures.</summary>
internal static class TestModels
{
    public const double CrossSectionPb = 500;
    public const double Efficiency = 0.8;

    private const string Analytic = "test-analytic";
    private const string WithoutDensity = "test-without-density";
    private const string Failing = "test-failing";
    private const string Slow = "test-slow";

    /// <summary>Gives the event after the one that is asked for.</summary>
    public const string Shifted = "test-shifted";

    /// <summary>Gives other events for the second range of a call.</summary>
    public const string Unsteady = "test-unsteady";

    /// <summary>An <see cref="AnalyticTable"/>.</summary>
    public const string Table = "test-table";

    /// <summary>An <see cref="AnalyticColumns"/>.</summary>
    public const string Columns = "test-columns";

    public static ConditionParameter GluinoMass { get; } = new("mGluino", "GeV", "Mass of the gluino", 1000, 2200, [1000, 1200, 1400, 2000, 2200]);

    /// <summary>The shipped models of the tests: process ttbar and one for each thing that can go wrong.</summary>
    public static void Ship(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "ttbar.safetensors"), Bytes("ttbar-analytic", "ttbar"));
        File.WriteAllText(Path.Combine(folder, "ttbar.card.json"), TestCards.Of(Bytes("ttbar-analytic", "ttbar")));
        File.WriteAllBytes(Path.Combine(folder, "gluino.safetensors"), Bytes("gluino-analytic", "gluino", conditions: [GluinoMass]));
        File.WriteAllBytes(Path.Combine(folder, "gan.safetensors"), Bytes("gan", "zjets", WithoutDensity));
        File.WriteAllBytes(Path.Combine(folder, "failing.safetensors"), Bytes("failing", "failing", Failing));
        File.WriteAllBytes(Path.Combine(folder, "slow.safetensors"), Bytes("slow", "slow", Slow));
        File.WriteAllText(Path.Combine(folder, "broken.safetensors"), "not a model");
    }

    public static byte[] Bytes(
        string name,
        string process,
        string architecture = Analytic,
        IReadOnlyList<ConditionParameter>? conditions = null,
        string description = "Closed formulas for tests",
        ConditionDomain? domain = null,
        SampleSchema? schema = null)
    {
        var document = new ModelDocument
        {
            FormatVersion = ModelDocument.CurrentFormatVersion,
            Name = name,
            Process = process,
            Description = description,
            Architecture = architecture,
            Hyperparameters = JsonElement.Parse("{}"),
            Preprocessing = JsonElement.Parse("{}"),
            Schema = schema ?? (architecture == Table ? AnalyticTable.Columns : DarkMachinesSchema.Create(new ObjectMaxima(4, 0, 1, 0, 0))),
            Conditions = conditions ?? [],
            Domain = domain,
            CrossSectionPb = CrossSectionPb,
            SelectionEfficiency = Efficiency,
            SumOfWeights = CrossSectionPb * Efficiency * 10_000,
            Acceptance = 1,
            AcceptanceError = 0,
            Training = new TrainingProvenance
            {
                Command = "none",
                DataFile = "none",
                DataSha256 = "",
                TrainingEvents = 0,
                ValidationEvents = 0,
                TestEvents = 0,
                Seed = ulong.MaxValue,
                Epochs = 0,
                BestEpoch = 0,
                TrainingLoss = 0,
                ValidationLoss = 0,
                ServiceVersion = ServiceVersion.Text,
            },
        };
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = JsonSerializer.Serialize(document, ModelJson.Options) }, []);
        return stream.ToArray();
    }

    /// <summary>Takes the place of <see cref="EventGenerator"/>.Load, which knows no architecture of tests.</summary>
    public static EventGenerator Load(ReadOnlyMemory<byte> file)
    {
        var document = JsonSerializer.Deserialize<ModelDocument>(SafeTensorsFile.Read(file).Metadata[ModelDocument.MetadataKey], ModelJson.Options)!;
        var model = new AnalyticModel(document);
        IGenerativeModel? served = document.Architecture switch
        {
            Analytic => model,
            Table => new AnalyticTable(document),
            Columns => new AnalyticColumns(document),
            WithoutDensity => new Wrapped(model, _ => { }),
            Failing => new Wrapped(model, range =>
            {
                if (range.First >= 3000)
                {
                    throw new AttemptsExhaustedException($"Event {range.First} failed the validity filter 1000 times.");
                }
            }),
            Slow => new Wrapped(model, range =>
            {
                s_slowEvents.AddOrUpdate(range.Stream.Seed, range.Count, (_, count) => count + range.Count);
                Thread.Sleep(20);
            }),
            Shifted => new Rearranged(model, (range, _) => range with { First = range.First + 1 }),
            Unsteady => new Rearranged(model, (range, place) => range with { First = range.First + place }),
            _ => null,
        };
        return served is null ? EventGenerator.Load(file) : new EventGenerator(document, served, ArtifactStore.Digest(file.Span));
    }

    /// <summary>Events that slow models have begun for this seed, on all servers of this process.</summary>
    public static long SlowEvents(ulong seed) => s_slowEvents.GetValueOrDefault(seed);

    /// <summary>Waits until a slow model has begun events for this seed: headers and first messages come before.</summary>
    public static async Task SlowEventsBegunAsync(ulong seed)
    {
        for (var i = 0; i < 500 && SlowEvents(seed) == 0; i++)
        {
            await Task.Delay(20);
        }
    }

    /// <summary>
    /// Waits until no slow model begins events for this seed any more, and returns how many were begun: of a million, those in flight at
    /// the end.
    /// </summary>
    public static async Task<long> SlowEventsAtRestAsync(ulong seed)
    {
        var before = -1L;
        for (var i = 0; i < 50 && before != SlowEvents(seed); i++)
        {
            before = SlowEvents(seed);
            await Task.Delay(200);
        }

        Assert.Equal(before, SlowEvents(seed));
        return before;
    }

    private static readonly ConcurrentDictionary<ulong, long> s_slowEvents = new();

    /// <summary>A model without density that does something before each chunk.</summary>
    private sealed class Wrapped(AnalyticModel model, Action<EventRange> before) : IGenerativeModel
    {
        public SampleSchema Schema => model.Schema;

        public int PreferredChunk => model.PreferredChunk;

        public int Tile => model.Tile;

        public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity)
        {
            foreach (var range in ranges)
            {
                before(range);
            }

            model.Generate(ranges, block, logDensity);
        }
    }

    /// <summary>A model that gives other events than it is asked for.</summary>
    private sealed class Rearranged(AnalyticModel model, Func<EventRange, int, EventRange> other) : ILikelihoodModel
    {
        public SampleSchema Schema => model.Schema;

        public int PreferredChunk => model.PreferredChunk;

        public int Tile => model.Tile;

        public string BaseMeasure => model.BaseMeasure;

        public void Generate(ReadOnlySpan<EventRange> ranges, EventBlock block, Span<double> logDensity) =>
            model.Generate([.. ranges.ToArray().Select(other)], block, logDensity);

        public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities) => model.LogDensity(events, condition, densities);
    }
}

using System.Security.Cryptography;

using EventService.Models;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Generation.Requests;

/// <summary>Which events of a model, with which columns: a request whose values have been checked against the model.</summary>
public sealed record GenerateRequest
{
    public const long DefaultCount = 1000;

    /// <summary>The parameters besides those that name the model.</summary>
    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        new("n", $"Number of events, as in 1000, 1_000_000, 1e6, 10k or 2M; {DefaultCount} if not given.", "100"),
        new("seed", "Whole number from 0 to 2^64 - 1; a fresh random one if not given. The receipt reports it.", "42"),
        new("first", "Index of the first event in the stream of this seed, from 0. Events first .. first + n - 1 are the same whatever is asked for around them."),
        new("columns", "Names of columns, separated by commas: MET_pt a scalar, Jet a collection, Jet_pt one of its columns, nJet its count. All if not given."),
        new("cut", "Comparisons that all must hold, separated by commas: MET_pt>100,nJet>=4,Jet_pt[0]>60. n counts the events before the cut; those that pass keep their index."),
        new("logDensity", "Add the natural log of the density of each event, as the sampler knows it.", Values: ["true", "false"]),
        new("format", "Format of the events.", JsonLinesWriter.FormatName, EventFormats.Names),
        new("lumi", "Integrated luminosity in 1/fb: the receipt tells how many events are expected in it and what each of the n counts for. No column depends on it."),
        new("numerics", "Arithmetic that the bits are pinned to.", Values: [NumericsProfile.CpuFp32V2]),
    ];

    /// <summary>The one stream of the events; of no meaning where <see cref="Scan"/> is not null.</summary>
    public required EventStream Stream { get; init; }

    /// <summary>The points of the events, where they have different ones.</summary>
    public ConditionScan? Scan { get; init; }

    /// <summary>The columns of the events, before any are left out.</summary>
    public required SampleSchema Schema { get; init; }

    /// <summary>Weight [pb] of all events, where the model's column is to have another than the model gives.</summary>
    public double? WeightPb { get; init; }

    public required long First { get; init; }

    public required long Count { get; init; }

    /// <summary>One of <see cref="EventFormats.Names"/>.</summary>
    public required string Format { get; init; }

    /// <summary>The columns asked for, or null for all.</summary>
    public required IReadOnlyList<string>? Columns { get; init; }

    /// <summary>The cut as it was given, and what does it; null for none.</summary>
    public required string? CutText { get; init; }

    public required EventCut? Cut { get; init; }

    public required bool LogDensity { get; init; }

    /// <summary>[1/fb]</summary>
    public required double? Lumi { get; init; }

    /// <summary>Reads the values; a seed is drawn where none is given.</summary>
    /// <param name="values">The parameters as texts; names besides those of this request are left to others.</param>
    /// <param name="generator">The model.</param>
    /// <param name="defaultFormat">The format where the values name none.</param>
    /// <exception cref="RequestException">A value is wrong, or this model cannot do it.</exception>
    public static GenerateRequest Parse(IReadOnlyDictionary<string, string> values, EventGenerator generator, string defaultFormat)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(generator);
        var count = values.TryGetValue("n", out var n) ? EventCount.Parse(n, "n", 1) : DefaultCount;
        var first = values.TryGetValue("first", out var f) ? EventCount.Parse(f, "first", 0) : 0;
        if (first > long.MaxValue - count)
        {
            throw new RequestException(RequestFault.BadValue, $"first is {first} and n is {count}, expected first + n of at most {long.MaxValue}.");
        }

        RequestValue.RequireNumerics(values.GetValueOrDefault("numerics"));
        var columns = values.TryGetValue("columns", out var names) ? names.Split(',', StringSplitOptions.TrimEntries) : null;
        var logDensity = values.TryGetValue("logDensity", out var flag) && RequestValue.Flag(flag, "logDensity");
        if (logDensity && generator.Likelihood is null)
        {
            throw new RequestException(RequestFault.Cannot, $"{ModelArchitectures.WithoutDensity(generator.Document)} Leave logDensity out.");
        }

        var seed = values.TryGetValue("seed", out var given) ? RequestValue.Seed(given) : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8));
        var scan = ConditionScan.Parse(values, generator, seed);
        IReadOnlyList<double> condition = scan is null ? generator.Conditions.Parse(values) : [];
        var schema = scan?.Schema ?? generator.Model.Schema;
        return new GenerateRequest
        {
            Stream = new EventStream(seed, condition),
            Scan = scan,
            Schema = schema,
            WeightPb = scan is null && generator.Conditions.HasYields ? generator.Conditions.YieldAt(condition).WeightPb : null,
            First = first,
            Count = count,
            Format = values.GetValueOrDefault("format", defaultFormat),
            Columns = columns,
            CutText = values.GetValueOrDefault("cut"),
            Cut = values.TryGetValue("cut", out var cut) ? Checked(() => EventCut.Parse(cut, schema)) : null,
            LogDensity = logDensity,
            Lumi = values.TryGetValue("lumi", out var lumi) ? PositiveLumi(lumi) : null,
        };
    }

    /// <summary>A writer for these events.</summary>
    /// <exception cref="RequestException">The format or a column is unknown, or the format cannot hold what is asked for.</exception>
    public IEventWriter CreateWriter(EventGenerator generator)
    {
        ArgumentNullException.ThrowIfNull(generator);
        return CreateWriter(Format, new EventWriterOptions(Schema)
        {
            ProcessName = generator.Document.Process,
            Count = Cut is null ? Count : null,
            Columns = Columns,
            LogDensity = LogDensity,
        });
    }

    /// <summary>A writer in a format.</summary>
    /// <exception cref="RequestException">The format or a column is unknown, or the format cannot hold what is asked for.</exception>
    public static IEventWriter CreateWriter(string format, EventWriterOptions options) => Checked(() => EventFormats.CreateWriter(format, options));

    /// <summary>The receipt of the events that this request gives.</summary>
    /// <param name="generator">The model.</param>
    /// <param name="version">Its number in the registry; null for a model from a file.</param>
    public Receipt ReceiptFor(EventGenerator generator, int? version)
    {
        ArgumentNullException.ThrowIfNull(generator);
        var (document, space) = (generator.Document, generator.Conditions);
        PointYield? yield = Scan is null ? space.YieldAt(Stream.Condition) : null;
        var expected = Lumi is { } lumi ? yield?.ExpectedEvents(lumi) : null;
        var warnings = Scan?.Warnings() ?? space.WarningsAt(Stream.Condition);
        return new Receipt
        {
            Process = document.Process,
            Model = document.Name,
            Version = version,
            Sha256 = generator.Sha256,
            Seed = $"{Stream.Seed}",
            First = First,
            N = Count,
            Condition = Scan is null ? Named(document, Stream.Condition) : new Dictionary<string, double>(),
            Alternative = Scan is null ? space.AlternativesAt(Stream.Condition) : null,
            Scan = Scan?.Texts,
            Mapping = Scan?.Mapping,
            Points = Scan is { HasPrior: false } scan ? [.. scan.Points.Select((values, k) => PointOf(generator, values, scan.CountAt(k, First, Count)))] : null,
            Warnings = warnings.Count > 0 ? warnings : null,
            Numerics = NumericsProfile.CpuFp32V2,
            ServiceVersion = ServiceVersion.Text,
            Format = Format,
            Columns = Columns,
            Cut = CutText,
            LogDensity = LogDensity,
            CrossSectionPb = yield?.CrossSectionPb,
            SelectionEfficiency = yield?.SelectionEfficiency,
            Acceptance = document.Acceptance,
            AcceptanceError = document.AcceptanceError,
            Lumi = Lumi,
            ExpectedEvents = expected,
            EventNormalisation = expected / Count,
        };
    }

    /// <summary>Events first .. first + count - 1 as the model is asked for them.</summary>
    public EventRange[] Ranges(long first, int count) => Scan?.Ranges(first, count) ?? [new EventRange(Stream, first, count)];

    /// <summary>The model's events with all columns of <see cref="Schema"/>.</summary>
    /// <param name="block">Events of the model; the weight is set in place.</param>
    /// <param name="completed">Gives a block of a schema, for events with further columns.</param>
    public EventBlock Complete(EventBlock block, Func<SampleSchema, EventBlock> completed)
    {
        ArgumentNullException.ThrowIfNull(block);
        ArgumentNullException.ThrowIfNull(completed);
        if (Scan is not null)
        {
            var whole = completed(Schema);
            whole.CopyFrom(block, 0, block.Count);
            Scan.Fill(whole);
            return whole;
        }

        if (WeightPb is { } weight && ConditionScan.WeightColumn(Schema) is >= 0 and var column)
        {
            block.Scalars[column].AsSpan(0, block.Count).Fill((float)weight);
        }

        return block;
    }

    private ReceiptPoint PointOf(EventGenerator generator, IReadOnlyList<double> values, long n)
    {
        var yield = generator.Conditions.YieldAt(values);
        double? expected = Lumi is { } lumi ? yield.ExpectedEvents(lumi) : null;
        return new ReceiptPoint(Named(generator.Document, values), n, yield.CrossSectionPb, yield.SelectionEfficiency, expected, n > 0 ? expected / n : null, generator.Conditions.AlternativesAt(values));
    }

    private static Dictionary<string, double> Named(ModelDocument document, IReadOnlyList<double> values) =>
        document.Conditions.Zip(values).ToDictionary(p => p.First.Name, p => p.Second);

    /// <summary>The physics library's refusals are the user's to read here.</summary>
    private static T Checked<T>(Func<T> make)
    {
        try
        {
            return make();
        }
        catch (NotSupportedException e)
        {
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.BadValue, e.Message.Replace($" (Parameter '{e.ParamName}')", "", StringComparison.Ordinal));
        }
    }

    private static double PositiveLumi(string text)
    {
        var lumi = RequestValue.Number(text, "lumi");
        return lumi > 0 ? lumi : throw new RequestException(RequestFault.BadValue, $"lumi is '{text}', expected a luminosity above 0 in 1/fb.");
    }
}

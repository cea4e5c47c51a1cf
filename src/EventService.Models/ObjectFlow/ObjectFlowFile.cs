using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

using EventService.Engine.Serialization;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Physics.Kinds;

namespace EventService.Models.ObjectFlow;

/// <summary>
/// A trained object flow as a model file: parameters and tables as tensors, the maps and rules as JSON in the document.
/// </summary>
public static class ObjectFlowFile
{
    private const string ParameterPrefix = "network/";
    private const string DrawnName = "acceptance/drawn";
    private const string AcceptedName = "acceptance/accepted";

    // Largest network that is built from a file, so that a document cannot ask for all the memory.
    private const int LargestWidth = 4096;
    private const int LargestBins = 256;

    // In GeV: more than the beams have.
    private const double LargestRecoilWidth = 1e5;

    // No two objects can be farther apart than this in (eta, phi) within the detector.
    private const double LargestSeparation = 7;

    private sealed record Map(double[] T, double[] Y, double[] D)
    {
        public static Map Of(MarginalMap map) => new([.. map.Knots], [.. map.Values], [.. map.Derivatives]);

        public MarginalMap Build() => new(T, Y, D);
    }

    private sealed record Preprocessing(double[] EtaLimits, Map[] Pt, Map[] Eta, Map[] Mass, Map Met, SeparationRule[] Separations, CorrelationTable?[] AzimuthCorrelations,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Map? Across = null);

    public static ModelArchitecture Architecture { get; } = new(
        AutoregressiveObjectFlow.ArchitectureName,
        "whole events, object by object, from an autoregressive spline flow",
        ModelCapabilities.Density | ModelCapabilities.Conditions,
        Read);

    /// <summary>Hyper-parameters and preprocessing for a document.</summary>
    public static (JsonElement Hyperparameters, JsonElement Preprocessing) Describe(ObjectFlowNetwork network, EventCoordinates coordinates, ValidityFilter filter)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(coordinates);
        ArgumentNullException.ThrowIfNull(filter);
        var preprocessing = new Preprocessing(
            [.. coordinates.EtaLimits],
            [.. coordinates.PtMaps.Select(Map.Of)],
            [.. coordinates.EtaMaps.Select(Map.Of)],
            [.. coordinates.MassMaps.Select(Map.Of)],
            Map.Of(coordinates.MetMap),
            [.. filter.Rules],
            [.. coordinates.Azimuth.Tables],
            coordinates.AcrossMap is { } across ? Map.Of(across) : null);
        return (JsonSerializer.SerializeToElement(network.Hyperparameters, ModelJson.Options), JsonSerializer.SerializeToElement(preprocessing, ModelJson.Options));
    }

    /// <summary>The tensors of a model file.</summary>
    public static IReadOnlyList<SafeTensor> Tensors(ObjectFlowNetwork network, IReadOnlyList<CountPoint> points)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(points);
        List<SafeTensor> tensors = [];
        foreach (var p in network.Parameters.Parameters)
        {
            tensors.Add(SafeTensor.FromFloats(ParameterPrefix + p.Name, [p.Value.Rows, p.Value.Columns], p.Value.Span));
        }

        for (var k = 0; k < points.Count; k++)
        {
            var prefix = network.Hyperparameters.Conditions > 0 ? PointPrefix(k) : "";
            tensors.AddRange(CountTensors.Describe(points[k].Counts.Table, prefix));
            tensors.Add(CountTensors.Longs(prefix + DrawnName, points[k].Acceptance.Drawn));
            tensors.Add(CountTensors.Longs(prefix + AcceptedName, points[k].Acceptance.Accepted));
        }

        return tensors;
    }

    /// <summary>Builds the model of a file.</summary>
    /// <exception cref="ModelFormatException">Tensors or document do not fit the architecture.</exception>
    public static AutoregressiveObjectFlow Read(ModelDocument document, SafeTensorsFile file, ReadOnlyMemory<byte> sha256)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(file);
        var hyper = Check(document.Hyperparameters.Deserialize<ObjectFlowHyperparameters>(ModelJson.Options), document);
        var network = new ObjectFlowNetwork(hyper);
        foreach (var p in network.Parameters.Parameters)
        {
            var tensor = file.Require(ParameterPrefix + p.Name, SafeTensorType.F32, [p.Value.Rows, p.Value.Columns]);
            tensor.ToFloats().CopyTo(p.Value.Span);
        }

        var points = document.Domain?.Points.Count ?? 1;
        var expected = network.Parameters.Parameters.Count + (4 * points);
        if (file.Tensors.Count != expected)
        {
            throw new ModelFormatException($"The file has {file.Tensors.Count} tensors, expected {expected} for its hyper-parameters.");
        }

        var preprocessing = document.Preprocessing.Deserialize<Preprocessing>(ModelJson.Options)
            ?? throw new ModelFormatException("The document has no preprocessing.");
        var coordinates = Build(preprocessing, hyper.RecoilWidth);
        if (coordinates.AcrossMap is not null != hyper.Imbalance)
        {
            throw new ModelFormatException($"Hyper-parameter imbalance is {hyper.Imbalance}, and the preprocessing has {(hyper.Imbalance ? "no" : "a")} map across the recoil, expected both or none.");
        }

        var conditions = document.Domain is { } domain
            ? new ObjectFlowConditions(document.Conditions, [.. domain.Points.Select(p => p.Values)], [.. Enumerable.Range(0, points).Select(k => ReadPoint(file, PointPrefix(k)))], hyper.Derived)
            : new ObjectFlowConditions(ReadPoint(file, ""));
        var filter = new ValidityFilter(preprocessing.Separations);
        return new AutoregressiveObjectFlow(network, coordinates, conditions, filter, document.SchemaOf(EventKind.WholeEvent), document.EventWeight(), sha256);
    }

    private static string PointPrefix(int point) => string.Create(CultureInfo.InvariantCulture, $"points/{point}/");

    private static CountPoint ReadPoint(SafeTensorsFile file, string prefix)
    {
        var counts = new CountDistribution(CountTensors.Read(file, prefix));
        return new CountPoint(counts, new AcceptanceTable(
            counts.Vectors,
            CountTensors.ReadLongs(file, prefix + DrawnName, counts.Vectors.Count),
            CountTensors.ReadLongs(file, prefix + AcceptedName, counts.Vectors.Count)));
    }

    private static ObjectFlowHyperparameters Check(ObjectFlowHyperparameters? hyper, ModelDocument document)
    {
        var conditions = document.Conditions.Count;
        var fault = hyper is null ? "The document has no hyper-parameters"
            : Fault(hyper) is { } wrong ? $"Hyper-parameter {wrong}"
            : hyper.Conditions != conditions ? $"Hyper-parameter conditions is {hyper.Conditions}, expected {conditions} as in the document"
            : conditions > 0 != document.Domain is not null ? $"The model has {conditions} conditions and {(document.Domain is null ? "no" : "some")} trained points, expected both or none: counts and acceptance stand at the points"
            : hyper.Derived?.Select(d => d.Fault(document.Conditions.Select(c => c.Name))).FirstOrDefault(f => f is not null) is { } unknown ? $"Hyper-parameter derived has {unknown}"
            : null;
        return fault is null ? hyper! : throw new ModelFormatException(fault + ".");
    }

    /// <summary>What is wrong with the sizes of networks; null if nothing is.</summary>
    internal static string? Fault(ObjectFlowHyperparameters hyper)
    {
        static string? Range(string name, int value, int minimum, int maximum) =>
            value < minimum || value > maximum ? $"{name} is {value}, expected {minimum} to {maximum}" : null;
        return Range("width", hyper.Width, 1, LargestWidth)
            ?? Range("headWidth", hyper.HeadWidth, 1, LargestWidth)
            ?? Range("azimuthWidth", hyper.AzimuthWidth, 1, LargestWidth)
            ?? Range("blocks", hyper.Blocks, 0, 64)
            ?? Range("bins", hyper.Bins, 2, LargestBins)
            ?? Range("azimuthKnots", hyper.AzimuthKnots, 4, AzimuthCorrelations.Nodes)
            ?? (AzimuthCorrelations.Nodes % hyper.AzimuthKnots != 0 ? $"azimuthKnots is {hyper.AzimuthKnots}, expected a divisor of {AzimuthCorrelations.Nodes}" : null)
            ?? (hyper.RecoilWidth is >= 0 and <= LargestRecoilWidth ? null : $"recoilWidth is {hyper.RecoilWidth}, expected 0 to {LargestRecoilWidth}");
    }

    private static EventCoordinates Build(Preprocessing preprocessing, double recoilWidth)
    {
        const int Slots = (int)SlotClass.Met;
        if (preprocessing.EtaLimits is not { Length: EventSlots.TypeCount } || preprocessing.Pt is not { Length: Slots }
            || preprocessing.Eta is not { Length: Slots } || preprocessing.Mass is not { Length: Slots } || preprocessing.Met is null || preprocessing.Separations is null
            || preprocessing.AzimuthCorrelations is null)
        {
            throw new ModelFormatException($"The preprocessing has not {EventSlots.TypeCount} limits in eta, {Slots} maps each for pT, eta and mass, one for MET, a list of separations and one of azimuthal correlations.");
        }

        if (!preprocessing.EtaLimits.All(limit => limit > 0 && double.IsFinite(limit)))
        {
            throw new ModelFormatException($"The limits in eta are {string.Join(", ", preprocessing.EtaLimits)}, expected finite numbers above 0.");
        }

        if (!preprocessing.Separations.All(IsRule))
        {
            throw new ModelFormatException($"The separation rules are {string.Join(", ", preprocessing.Separations.AsEnumerable())}, expected two families of objects and a distance from 0 to {LargestSeparation} each.");
        }

        return new EventCoordinates(
            preprocessing.EtaLimits,
            [.. preprocessing.Pt.Select(m => m.Build())],
            [.. preprocessing.Eta.Select(m => m.Build())],
            [.. preprocessing.Mass.Select(m => m.Build())],
            preprocessing.Met.Build(),
            new AzimuthCorrelations(preprocessing.AzimuthCorrelations, recoilWidth),
            preprocessing.Across?.Build());
    }

    private static bool IsRule(SeparationRule? rule) =>
        rule is not null && Enum.IsDefined(rule.First) && Enum.IsDefined(rule.Second) && rule.MinimumDeltaR is >= 0 and <= LargestSeparation;
}

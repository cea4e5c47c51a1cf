using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

using EventService.Models.Columns;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;

namespace EventService.Training.Import;

/// <summary>What a state dict does not say about its flow: the JSON file beside it. docs/import.md describes each field.</summary>
public sealed partial record ImportDescription
{
    public const string Nflows = "nflows", Zuko = "zuko";
    public const string Affine = "affine", RationalQuadratic = "rational-quadratic";
    public const string LinearTails = "linear", NoTails = "none";
    public const string StandardNormal = "standard-normal", BoxUniform = "box-uniform";

    private static readonly Dictionary<string, FlowActivation> s_activations = new(StringComparer.Ordinal)
    {
        ["relu"] = FlowActivation.Relu,
        ["leaky-relu"] = FlowActivation.LeakyRelu,
        ["elu"] = FlowActivation.Elu,
        ["gelu-tanh"] = FlowActivation.GeluTanh,
        ["tanh"] = FlowActivation.Tanh,
        ["sigmoid"] = FlowActivation.Sigmoid,
        ["softplus"] = FlowActivation.Softplus,
    };

    private static readonly JsonSerializerOptions s_json = new(ModelJson.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>nflows or zuko.</summary>
    public required string Library { get; init; }

    /// <summary>Version that trained the flow, for the record.</summary>
    public string LibraryVersion { get; init; } = "";

    public required string Name { get; init; }

    public required string Process { get; init; }

    public string Description { get; init; } = "";

    public required FlowSettings Flow { get; init; }

    /// <summary>The columns in the order of the flow's features.</summary>
    public required IReadOnlyList<ColumnDescription> Columns { get; init; }

    /// <summary>Cross-section of the process before the event selection [pb].</summary>
    public required double CrossSectionPb { get; init; }

    /// <summary>Fraction of the events that pass the event selection.</summary>
    public double SelectionEfficiency { get; init; } = 1;

    /// <summary>Events with the log-density that the library gives them, in the units of the columns.</summary>
    public IReadOnlyList<DensityCheck> Checks { get; init; } = [];

    /// <summary>Constants of the flow that are no tensors; those that a flow does not have stay out.</summary>
    public sealed record FlowSettings
    {
        /// <summary>affine or rational-quadratic: the map in all autoregressive and coupling layers.</summary>
        public required string Transform { get; init; }

        public required string Activation { get; init; }

        /// <summary>linear or none.</summary>
        public string? Tails { get; init; }

        /// <summary>Splines act in [-tailBound, tailBound].</summary>
        public double? TailBound { get; init; }

        public double? MinimumBinWidth { get; init; }

        public double? MinimumBinHeight { get; init; }

        public double? MinimumDerivative { get; init; }

        /// <summary>zuko's slope of the maps.</summary>
        public double? Slope { get; init; }

        public BaseSettings Base { get; init; } = new() { Kind = StandardNormal };

        /// <summary>The activation by its name.</summary>
        [JsonIgnore]
        public FlowActivation ActivationFunction => s_activations[Activation];
    }

    /// <summary>The base distribution where it is not in the state dict.</summary>
    public sealed record BaseSettings
    {
        public required string Kind { get; init; }

        public double? Lower { get; init; }

        public double? Upper { get; init; }
    }

    /// <summary>A column of the events and the maps from it to the flow's feature.</summary>
    public sealed record ColumnDescription
    {
        public required string Name { get; init; }

        public required string Unit { get; init; }

        public string Description { get; init; } = "";

        public IReadOnlyList<ObservableMap> Maps { get; init; } = [];
    }

    /// <summary>An event and its log-density, the Jacobians of the maps included.</summary>
    public sealed record DensityCheck(IReadOnlyList<double> X, double LogProb);

    /// <summary>Reads a description and checks what can be checked without the state dict.</summary>
    /// <exception cref="ModelFormatException">A field is missing, unknown or wrong; the message says which, and what is
    /// expected.</exception>
    public static ImportDescription Parse(ReadOnlySpan<byte> json)
    {
        ImportDescription description;
        try
        {
            description = JsonSerializer.Deserialize<ImportDescription>(json, s_json) ?? throw new ModelFormatException("The description is null, expected a JSON object; docs/import.md has examples.");
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new ModelFormatException($"The description cannot be read: {e.Message} Maps are {ObservableMap.Kinds}; docs/import.md lists all fields.", e);
        }

        description.Check();
        return description;
    }

    private void Check()
    {
        OneOf("library", Library, Nflows, Zuko);
        OneOf("flow.transform", Flow.Transform, Affine, RationalQuadratic);
        OneOf("flow.activation", Flow.Activation, [.. s_activations.Keys]);
        OneOf("flow.base.kind", Flow.Base.Kind, StandardNormal, BoxUniform);
        Require(Name.Length is > 0 and <= 128 && NamePattern().IsMatch(Name), $"name is '{Name}', expected letters, digits, '.', '-' and '_'");
        Require(Process.Length is > 0 and <= 128 && NamePattern().IsMatch(Process), $"process is '{Process}', expected letters, digits, '.', '-' and '_'");
        Require(double.IsFinite(CrossSectionPb) && CrossSectionPb >= 0, $"crossSectionPb is {CrossSectionPb}, expected a number of at least 0");
        Require(SelectionEfficiency is >= 0 and <= 1, $"selectionEfficiency is {SelectionEfficiency}, expected 0 to 1");
        CheckColumns();
        CheckSplines();
        var box = Flow.Base.Kind == BoxUniform;
        Require(box ? Flow.Base.Upper > Flow.Base.Lower : Flow.Base is { Upper: null, Lower: null }, $"flow.base is {Flow.Base}, expected lower and upper for {BoxUniform} and neither for {StandardNormal}");
        Require(!box || Library == Nflows, $"flow.base.kind is {BoxUniform}, but a zuko flow has its base distribution in the state dict");
        foreach (var check in Checks)
        {
            Require(check.X.Count == Columns.Count && double.IsFinite(check.LogProb), $"a check has {check.X.Count} numbers and the log-density {check.LogProb}, expected {Columns.Count} numbers and a finite log-density");
        }
    }

    private void CheckColumns()
    {
        Require(Columns.Count > 0, "columns is empty, expected one entry for each feature of the flow");
        foreach (var column in Columns)
        {
            Require(ColumnPattern().IsMatch(column.Name) && column.Name is not ("event" or "logDensity"), $"the column name '{column.Name}' is not allowed, expected letters, digits and '_', and neither event nor logDensity");
            Require(Columns.Count(c => c.Name == column.Name) == 1, $"the column '{column.Name}' is there twice");
            foreach (var map in column.Maps)
            {
                Require(map is not null, $"column '{column.Name}' has a map that is null");
                Require(map!.Fault() is null, $"column '{column.Name}': {map.Fault()}");
            }
        }
    }

    private void CheckSplines()
    {
        var spline = Flow.Transform == RationalQuadratic;
        if (Library == Zuko)
        {
            Require(Flow.Slope is > 0 and < 1, $"flow.slope is {Flow.Slope?.ToString() ?? "missing"}, expected the slope of the zuko maps (default 1e-3 up to zuko 1.0 and from 1.5 on, 1e-4 from 1.1 to 1.4)");
            Require(Flow is { Tails: null, MinimumBinWidth: null, MinimumBinHeight: null, MinimumDerivative: null }, "flow has tails or minimum sizes, which zuko does not have; leave them out");
            Require(spline || Flow.TailBound is null, "flow.tailBound is of splines only; leave it out");
        }
        else
        {
            Require(Flow.Slope is null, "flow.slope is given, which nflows does not have; leave it out");
            if (spline)
            {
                OneOf("flow.tails", Flow.Tails ?? "missing", LinearTails, NoTails);
                Require(Flow.Tails == LinearTails ? Flow.TailBound is > 0 : Flow.TailBound is null, $"flow.tailBound is {Flow.TailBound?.ToString() ?? "missing"}, expected a positive number for linear tails and none without tails");
            }
            else
            {
                Require(Flow is { Tails: null, TailBound: null, MinimumBinWidth: null, MinimumBinHeight: null, MinimumDerivative: null }, "flow has settings of splines, but the transform is affine; leave them out");
            }
        }
    }

    private static void OneOf(string field, string value, params string[] known) =>
        Require(known.Contains(value), $"{field} is '{value}', understood are {string.Join(", ", known)}");

    private static void Require(bool condition, string fault)
    {
        if (!condition)
        {
            throw new ModelFormatException($"The description is not understood: {fault}.");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9._-]+$")]
    private static partial Regex NamePattern();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex ColumnPattern();
}

using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

using EventService.Engine.Optimizers;
using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Physics.Observables;
using EventService.Training.Families;

namespace EventService.Training.Recipes;

/// <summary>
/// How a flow is trained on a table, as a JSON file says it: what the model is called, which columns and rows, their maps, the architecture and the
/// schedule. Unknown fields are an error. With the data it determines the model to the bit.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record Recipe
{
    /// <summary>Of the model.</summary>
    public required string Name { get; init; }

    public required string Process { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Cross-section before the event selection [pb]; of a recipe with points they have it.</summary>
    public double CrossSectionPb { get; init; } = double.NaN;

    /// <summary>Share of the events that pass the selection.</summary>
    public double SelectionEfficiency { get; init; } = 1;

    public required TableRecipe Data { get; init; }

    public required FlowFamily Architecture { get; init; }

    public required ScheduleRecipe Training { get; init; }

    /// <summary>How the trained flow is refined; null where it is not.</summary>
    public RefinementRecipe? Refinement { get; init; }

    /// <summary>What is written to model files as their schema.</summary>
    [JsonIgnore]
    public SampleSchema Schema => new([.. Data.Columns.Select(c => new ColumnSchema(c.Name, c.Unit, c.Description))], []);

    /// <summary>Whether its columns are observables of whole collision events, and its files Dark Machines text.</summary>
    [JsonIgnore]
    public bool TakesWholeEvents => Data.Columns.Any(c => c.Observable is not null);

    /// <summary>Reads a recipe and checks what can be checked without the data.</summary>
    /// <exception cref="ModelFormatException">A field is missing, unknown or wrong; the message says which, and what is expected.</exception>
    public static Recipe Parse(ReadOnlySpan<byte> json)
    {
        var recipe = RecipeJson.Parse<Recipe>(json);
        recipe.Check();
        return recipe;
    }

    /// <summary>The recipe as JSON, for the record and for comparison.</summary>
    public JsonElement ToJson() => JsonSerializer.SerializeToElement(this, RecipeJson.Options);

    /// <summary>Reads the events of a table.</summary>
    /// <exception cref="DataFormatException">The table has other columns, or faults.</exception>
    public EventSample ReadTable(Stream stream, string name) => Read(stream, name, [.. Data.Columns, .. Data.Conditions]);

    /// <summary>Reads the columns that are learnt, without conditions.</summary>
    /// <exception cref="DataFormatException">The table has other columns, or faults.</exception>
    internal EventSample ReadColumns(Stream stream, string name) => Read(stream, name, [.. Data.Columns]);

    private EventSample Read(Stream stream, string name, ColumnRecipe[] columns)
    {
        string[] sources = [.. columns.SelectMany(c => c.Sources).Distinct()];
        int[][] places = [.. columns.Select(c => c.Sources.Select(s => Array.IndexOf(sources, s)).ToArray())];
        var table = CsvTableReader.ReadAll(stream, name, sources, Data.Select);
        var sample = new EventSample(columns.Length) { ProcessName = Process };
        var row = new double[columns.Length];
        for (var k = 0; k < table.Count; k++)
        {
            for (var c = 0; c < row.Length; c++)
            {
                row[c] = columns[c].ValueOf(table.Row(k), places[c]);
            }

            sample.AddRow(table.EventNumber[k], row);
        }

        return sample;
    }

    private void Check()
    {
        RecipeJson.RequireName("name", Name);
        RecipeJson.RequireName("process", Process);
        RecipeJson.Require(Data.Points.Count > 0 ? double.IsNaN(CrossSectionPb) : double.IsFinite(CrossSectionPb) && CrossSectionPb >= 0,
            Data.Points.Count > 0 ? "crossSectionPb and data.points are there, expected the cross-sections with the points only" : $"crossSectionPb is {CrossSectionPb}, expected a number of at least 0");
        RecipeJson.Require(SelectionEfficiency is >= 0 and <= 1, $"selectionEfficiency is {SelectionEfficiency}, expected 0 to 1");
        RecipeJson.Require(Data.Columns.Count > 0, "data.columns is empty, expected the columns to learn");
        foreach (var column in Data.Columns.Concat(Data.Conditions))
        {
            RecipeJson.RequireColumnName(column.Name);
            RecipeJson.Require(Data.Columns.Concat(Data.Conditions).Count(c => c.Name == column.Name) == 1, $"the column '{column.Name}' is there twice");
            RecipeJson.Require(column.Fault() is null, $"column '{column.Name}' {column.Fault()}");
            RecipeJson.Require((column.Maps ?? Data.Maps).Skip(1).All(m => m is not MapRecipe.Dequantise), $"column '{column.Name}' has dequantise after another map, expected it first");
            RecipeJson.Require(Data.Conditions.Count == 1 || !(column.Maps ?? Data.Maps).Any(m => m is MapRecipe.Align), $"column '{column.Name}' has align, which goes by one of data.conditions, but there are {Data.Conditions.Count}");
        }

        CheckPoints();
        RecipeJson.Require(Data.Columns.All(c => c.Alternative is null), "data.columns have an alternative, which only data.conditions have");
        RecipeJson.RequireAlternatives([.. Data.Conditions.Select(c => (c.Name, c.Alternative))], Data.Columns.Select(c => c.Name));
        RecipeJson.Require(Data.Conditions.All(c => c.Maps is null), "data.conditions have maps, but conditions are always scaled to -1 to 1");
        CheckSymmetries();

        CheckInequalities();
        RecipeJson.Require(Architecture.Fault(Data.Columns.Count) is null, $"architecture: {Architecture.Fault(Data.Columns.Count)?.TrimEnd('.')}");
        RecipeJson.Require(!Data.Morph || (Data.Conditions.Count == 1 && Architecture is LikelihoodFamily), $"data.morph is of flows that are trained by likelihood, under one condition, but there are {Data.Conditions.Count} and the architecture is {Architecture.GetType().Name}");
        RecipeJson.Require(Training.Fault() is null, $"training: {Training.Fault()}");
        RecipeJson.Require(Training.Dropout == 0, "training has a dropout, which only object flows have");
        RecipeJson.Require(Refinement?.Fault() is null, $"refinement: {Refinement?.Fault()}");
        RecipeJson.Require(Refinement is null || Data.Conditions.Count == 0, "a flow with data.conditions has a refinement, whose acceptance would depend on them; expected one of them");
    }

    private void CheckInequalities()
    {
        if (Data.Inequalities is not { } inequalities)
        {
            return;
        }

        RecipeJson.Require(inequalities.Count > 0 && Data.Conditions.Count < 2, $"data.inequalities are {inequalities.Count} under {Data.Conditions.Count} conditions, expected at least one, and one condition at most: the share of draws that they keep is measured along it");
        RecipeJson.Require(Architecture is not FlowMatching { Source: { Flow: null } }, "data.inequalities are of flows whose draws can be drawn again, but the source is the sample; expected a source with a flow");
        foreach (var inequality in inequalities)
        {
            RecipeJson.Require(inequality is not null, "data.inequalities has a null, expected terms, atLeast and meaning");
            var fault = inequality!.Fault([.. Data.Columns.Select(c => c.Name)]);
            RecipeJson.Require(fault is null, $"data.inequalities: '{inequality.Meaning}' {fault}");
            var turned = inequality.Columns.FirstOrDefault(c => Data.SymmetryOf(c) == ColumnSymmetry.Rotation);
            RecipeJson.Require(turned is null, $"data.inequalities: '{inequality.Meaning}' is about '{turned}', which data.rotate turns by any angle");
        }
    }

    private void CheckSymmetries()
    {
        foreach (var (field, names) in new[] { ("mirror", Data.Mirror), ("reflect", Data.Reflect ?? []), ("rotate", Data.Rotate ?? []) })
        {
            foreach (var name in names)
            {
                var column = Data.Columns.FirstOrDefault(c => c.Name == name);
                RecipeJson.Require(column is not null, $"data.{field} names '{name}', which is no column");
                RecipeJson.Require(Data.Mirror.Concat(Data.Reflect ?? []).Concat(Data.Rotate ?? []).Count(n => n == name) == 1, $"'{name}' is twice in data.mirror, data.reflect and data.rotate, expected once in all of them");
                RecipeJson.Require(field != "reflect" || column!.DeltaPhi is not null, $"data.reflect names '{name}', which is no difference of azimuths, expected columns with deltaPhi");
                RecipeJson.Require(field != "rotate" || !(column!.Maps ?? Data.Maps).Any(m => m is MapRecipe.Align or MapRecipe.Dequantise), $"data.rotate names '{name}', which has the map align or dequantise, but a column that is turned is the same everywhere and continuous");
            }
        }
    }

    private void CheckPoints()
    {
        if (Data.Points.Count == 0)
        {
            RecipeJson.Require(!TakesWholeEvents && Data.Require.Count == 0 && Data.Constraints.Count == 0, "there are observables, data.require or data.constraints, but no data.points: these say which files the events are in");
            return;
        }

        RecipeJson.Require(Data.Conditions.Count > 0, "data.points are there but no data.conditions, expected the parameters whose values the points have");
        RecipeJson.Require(Data.Conditions.All(c => c.Source is null && c.DeltaPhi is null && c.PairMass is null && c.Observable is null), "data.conditions have a source, but their values are those of data.points");
        RecipeJson.Require(Data.Columns.All(c => (c.Observable is not null) == TakesWholeEvents), "some columns are observables and some are not, expected all or none");
        RecipeJson.Require(!TakesWholeEvents || Data.Select.Count == 0, "data.select is of tables; events without an observable are left out by data.require");
        foreach (var name in Data.Require.Concat(Data.Columns.Select(c => c.Observable).OfType<string>()))
        {
            RecipeJson.Require(JetObservables.Find(name) is not null, $"the observable '{name}' is not known. Known: {string.Join(", ", JetObservables.All.Concat(EventObservables.All).Select(o => o.Name))}");
        }

        PointRecipe.Check(Data.Points, Data.Constraints, [.. Data.Conditions.Select(c => (c.Name, c.Unit, c.Description))]);
    }
}

/// <summary>Which rows and columns of a table are learnt, and their maps.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TableRecipe
{
    public required IReadOnlyList<ColumnRecipe> Columns { get; init; }

    /// <summary>Conditions that the rows have to fulfil, all of them.</summary>
    public IReadOnlyList<TableSelection> Select { get; init; } = [];

    /// <summary>Maps of the columns that name none of their own, from the observable to the flow.</summary>
    public required IReadOnlyList<MapRecipe> Maps { get; init; }

    /// <summary>Columns that the flow is conditioned on, such as a mass; they are asked for and not generated. Read behind the others.</summary>
    public IReadOnlyList<ColumnRecipe> Conditions { get; init; } = [];

    /// <summary>Points of the conditions with a file each; the conditions then have their values from here.</summary>
    public IReadOnlyList<PointRecipe> Points { get; init; } = [];

    /// <summary>Observables that an event must have besides those of the columns, such as jet4_pt for four jets; the efficiency counts the others as lost.</summary>
    public IReadOnlyList<string> Require { get; init; } = [];

    /// <summary>What must hold of any values of the conditions.</summary>
    public IReadOnlyList<ConditionConstraint> Constraints { get; init; } = [];

    /// <summary>What holds of the columns of every event; draws of which it does not hold are drawn again. Null where nothing is known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ColumnInequality>? Inequalities { get; init; }

    /// <summary>Whether events are shown at values of the one condition between theirs and the neighbours', as morphing would have them there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Morph { get; init; }

    /// <summary>Columns that change their sign together without changing the physics, such as all pseudorapidities: training does so at random.</summary>
    public IReadOnlyList<string> Mirror { get; init; } = [];

    /// <summary>Differences of azimuths that change their direction together without changing the physics: training takes 2 pi less each, at random.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Reflect { get; init; }

    /// <summary>Azimuths that turn together without changing the physics: training adds any angle to all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Rotate { get; init; }

    /// <summary>What training may do to a column.</summary>
    public ColumnSymmetry SymmetryOf(string column) =>
        Mirror.Contains(column) ? ColumnSymmetry.Mirror
        : Reflect?.Contains(column) == true ? ColumnSymmetry.Reflection
        : Rotate?.Contains(column) == true ? ColumnSymmetry.Rotation
        : ColumnSymmetry.None;
}

/// <summary>A column of the events: one of the table, or computed from several.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ColumnRecipe
{
    public required string Name { get; init; }

    /// <summary>Its name in the table's header, where that is another one.</summary>
    public string? Source { get; init; }

    public required string Unit { get; init; }

    public string Description { get; init; } = "";

    /// <summary>An observable of whole events, such as HT or jet1_pt, in place of a column of a table.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Observable { get; init; }

    /// <summary>
    /// Azimuths of two objects: the column is the first less the second, from 0 to 2 pi [rad]. Pairs are mostly back to back, so the ends, where there are few, meet.
    /// </summary>
    public IReadOnlyList<string>? DeltaPhi { get; init; }

    /// <summary>pT, eta, phi of two objects: the column is the mass of both together, taken as massless [GeV]: m^2 = 2 pT1 pT2 (cosh(eta1 - eta2) - cos(phi1 - phi2)).</summary>
    public IReadOnlyList<string>? PairMass { get; init; }

    /// <summary>Of a condition: another parameter that requests may give in its place.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AlternativeParameter? Alternative { get; init; }

    /// <summary>Its maps; by default those of the table.</summary>
    public IReadOnlyList<MapRecipe>? Maps { get; init; }

    /// <summary>Columns of the table that it is made of.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Sources => DeltaPhi ?? PairMass ?? [Source ?? Name];

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault() =>
        (Source is null ? 0 : 1) + (DeltaPhi is null ? 0 : 1) + (PairMass is null ? 0 : 1) + (Observable is null ? 0 : 1) > 1 ? "has more than one of source, deltaPhi, pairMass and observable, expected one or none"
        : DeltaPhi is { Count: not 2 } ? $"has deltaPhi of {DeltaPhi.Count} columns, expected 2 azimuths"
        : PairMass is { Count: not 6 } ? $"has pairMass of {PairMass.Count} columns, expected pT, eta, phi of two objects"
        : null;

    /// <summary>Its value from a row of the table, given where its sources stand.</summary>
    internal double ValueOf(ReadOnlySpan<double> row, int[] places)
    {
        if (DeltaPhi is not null)
        {
            var difference = EventService.Physics.Kinematics.DeltaPhi.Of(row[places[0]], row[places[1]]);
            return difference < 0 ? difference + (2 * Math.PI) : difference;
        }

        return PairMass is null
            ? row[places[0]]
            : Math.Sqrt(2 * row[places[0]] * row[places[3]] * (Cosh.Of(row[places[1]] - row[places[4]]) - SinCos.Of(row[places[2]] - row[places[5]]).Cos));
    }
}

/// <summary>Length and pace of a training.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ScheduleRecipe
{
    public ulong Seed { get; init; } = 1;

    public required int Epochs { get; init; }

    public int BatchSize { get; init; } = 1024;

    /// <summary>Events whose gradient one thread computes; batch normalisation takes its statistics over them.</summary>
    public int ShardSize { get; init; } = 512;

    public required double LearningRate { get; init; }

    public int WarmUpSteps { get; init; } = 200;

    /// <summary>Epochs of the first period of a cosine with warm restarts; by default one cosine over all epochs.</summary>
    public int? RestartEpochs { get; init; }

    /// <summary>Each period is this many times the one before.</summary>
    public int RestartMultiplier { get; init; } = 1;

    public float WeightDecay { get; init; } = 1e-4f;

    /// <summary>Share of the trunk's hidden units left out at random in each step; of object flows only.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double Dropout { get; init; }

    public double GradientClip { get; init; } = 5;

    public double AverageDecay { get; init; } = 0.999;

    /// <summary>Epochs without a better validation loss before stopping.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault() =>
        Epochs < 1 || BatchSize < 1 || ShardSize < 1 || BatchSize % ShardSize != 0 ? $"{Epochs} epochs with batches of {BatchSize} in shards of {ShardSize}, expected at least 1 and whole shards"
        : !(LearningRate > 0) || WarmUpSteps < 0 || RestartEpochs < 1 || RestartMultiplier < 1 ? $"learning rate {LearningRate}, {WarmUpSteps} steps of warm-up, restarts after {RestartEpochs} epochs times {RestartMultiplier}, expected a rate above 0, at least 0 steps and 1"
        : !(WeightDecay >= 0) || !(GradientClip > 0) || AverageDecay is not (>= 0 and < 1) || Patience < 1 ? $"weight decay {WeightDecay}, gradient clip {GradientClip}, average decay {AverageDecay}, patience {Patience}, expected at least 0, above 0, 0 to below 1, at least 1"
        : Dropout is not (>= 0 and < 1) ? $"dropout {Dropout}, expected 0 to below 1"
        : null;

    /// <summary>The same for a trainer.</summary>
    public TrainingOptions Options(int threads, int checkpointSteps) => new()
    {
        Seed = Seed,
        Epochs = Epochs,
        BatchSize = BatchSize,
        ShardSize = ShardSize,
        LearningRate = LearningRate,
        WarmUpSteps = WarmUpSteps,
        WeightDecay = WeightDecay,
        Dropout = Dropout,
        GradientClip = GradientClip,
        AverageDecay = AverageDecay,
        Patience = Patience,
        CheckpointSteps = checkpointSteps,
        Threads = threads,
    };

    /// <summary>The learning rate; null for the trainer's own, a cosine over all epochs.</summary>
    public ILearningRateSchedule? Schedule(int stepsPerEpoch) => RestartEpochs is not { } epochs ? null
        : new LinearWarmUp(WarmUpSteps, new CosineWarmRestarts(LearningRate, (long)epochs * stepsPerEpoch, RestartMultiplier));
}

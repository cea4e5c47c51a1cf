using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

using EventService.Engine.Optimizers;
using EventService.Generation.Architectures.Flows.Trainable;
using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Generation.Training.Recipes;

/// <summary>
/// How a flow is trained on a table, as a JSON file says it: what the model is called, which columns and rows, their maps, the architecture and the
/// schedule. Unknown fields are an error. With the data it determines the model to the bit.
/// </summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed partial record Recipe
{
    /// <summary>Of the model.</summary>
    public required string Name { get; init; }

    public required string Process { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Cross-section before the event selection [pb].</summary>
    public required double CrossSectionPb { get; init; }

    /// <summary>Share of the events that pass the selection.</summary>
    public double SelectionEfficiency { get; init; } = 1;

    public required TableRecipe Data { get; init; }

    public required FlowFamily Architecture { get; init; }

    public required ScheduleRecipe Training { get; init; }

    /// <summary>What is written to model files as their schema.</summary>
    [JsonIgnore]
    public SampleSchema Schema => new([.. Data.Columns.Select(c => new ColumnSchema(c.Name, c.Unit, c.Description))], []);

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
    public EventSample ReadTable(Stream stream, string name)
    {
        var sample = CsvTableReader.ReadAll(stream, name, [.. Data.Columns.Select(c => c.Source ?? c.Name)], Data.Select);
        sample.ProcessName = Process;
        return sample;
    }

    private void Check()
    {
        RecipeJson.RequireName("name", Name);
        RecipeJson.RequireName("process", Process);
        RecipeJson.Require(double.IsFinite(CrossSectionPb) && CrossSectionPb >= 0, $"crossSectionPb is {CrossSectionPb}, expected a number of at least 0");
        RecipeJson.Require(SelectionEfficiency is >= 0 and <= 1, $"selectionEfficiency is {SelectionEfficiency}, expected 0 to 1");
        RecipeJson.Require(Data.Columns.Count > 0, "data.columns is empty, expected the columns to learn");
        foreach (var column in Data.Columns)
        {
            RecipeJson.Require(ColumnPattern().IsMatch(column.Name) && column.Name is not ("event" or "logDensity"), $"the column name '{column.Name}' is not allowed, expected letters, digits and '_', and neither event nor logDensity");
            RecipeJson.Require(Data.Columns.Count(c => c.Name == column.Name) == 1, $"the column '{column.Name}' is there twice");
            RecipeJson.Require((column.Maps ?? Data.Maps).Skip(1).All(m => m is not MapRecipe.Dequantise), $"column '{column.Name}' has dequantise after another map, expected it first");
        }

        foreach (var mirrored in Data.Mirror)
        {
            RecipeJson.Require(Data.Columns.Any(c => c.Name == mirrored), $"data.mirror names '{mirrored}', which is no column");
        }

        RecipeJson.Require(Architecture.Fault(Data.Columns.Count) is null, $"architecture: {Architecture.Fault(Data.Columns.Count)?.TrimEnd('.')}");
        RecipeJson.Require(Training.Fault() is null, $"training: {Training.Fault()}");
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex ColumnPattern();
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

    /// <summary>Columns that change their sign together without changing the physics, such as all pseudorapidities: training does so at random.</summary>
    public IReadOnlyList<string> Mirror { get; init; } = [];
}

/// <summary>A column of the events.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ColumnRecipe
{
    public required string Name { get; init; }

    /// <summary>Its name in the table's header, where that is another one.</summary>
    public string? Source { get; init; }

    public required string Unit { get; init; }

    public string Description { get; init; } = "";

    /// <summary>Its maps; by default those of the table.</summary>
    public IReadOnlyList<MapRecipe>? Maps { get; init; }
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

    public double GradientClip { get; init; } = 5;

    public double AverageDecay { get; init; } = 0.999;

    /// <summary>Epochs without a better validation loss before stopping.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>What is wrong; null if nothing is.</summary>
    public string? Fault() =>
        Epochs < 1 || BatchSize < 1 || ShardSize < 1 || BatchSize % ShardSize != 0 ? $"{Epochs} epochs with batches of {BatchSize} in shards of {ShardSize}, expected at least 1 and whole shards"
        : !(LearningRate > 0) || WarmUpSteps < 0 || RestartEpochs < 1 || RestartMultiplier < 1 ? $"learning rate {LearningRate}, {WarmUpSteps} steps of warm-up, restarts after {RestartEpochs} epochs times {RestartMultiplier}, expected a rate above 0, at least 0 steps and 1"
        : !(WeightDecay >= 0) || !(GradientClip > 0) || AverageDecay is not (>= 0 and < 1) || Patience < 1 ? $"weight decay {WeightDecay}, gradient clip {GradientClip}, average decay {AverageDecay}, patience {Patience}, expected at least 0, above 0, 0 to below 1, at least 1"
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
        Dropout = 0,
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

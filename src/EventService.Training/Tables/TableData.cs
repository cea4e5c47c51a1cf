using System.Text.Json.Serialization;

using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Physics.Formats;
using EventService.Training.Recipes;

namespace EventService.Training.Tables;

/// <summary>Which rows and columns of a table are learnt, and their maps.</summary>
public sealed record TableData
{
    public required IReadOnlyList<ColumnRecipe> Columns { get; init; }

    /// <summary>Conditions that the rows have to fulfil, all of them.</summary>
    public IReadOnlyList<TableSelection> Select { get; init; } = [];

    /// <summary>Maps of the columns that name none of their own, from the observable to the flow.</summary>
    public required IReadOnlyList<MapRecipe> Maps { get; init; }

    /// <summary>
    /// Columns that the flow is conditioned on, such as a mass; they are asked for and not generated. Read behind the others.
    /// </summary>
    public IReadOnlyList<ColumnRecipe> Conditions { get; init; } = [];

    /// <summary>Points of the conditions with a file each; the conditions then have their values from here.</summary>
    public IReadOnlyList<PointRecipe> Points { get; init; } = [];

    /// <summary>
    /// Observables that an event must have besides those of the columns, such as jet4_pt for four jets; the efficiency counts the
    /// others as lost.
    /// </summary>
    public IReadOnlyList<string> Require { get; init; } = [];

    /// <summary>What must hold of any values of the conditions.</summary>
    public IReadOnlyList<ConditionConstraint> Constraints { get; init; } = [];

    /// <summary>
    /// What holds of the columns of every event; draws of which it does not hold are drawn again. Null where nothing is known.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ColumnInequality>? Inequalities { get; init; }

    /// <summary>
    /// Whether events are shown at values of the one condition between theirs and the neighbours', as morphing would have them there.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Morph { get; init; }

    /// <summary>
    /// Columns that change their sign together without changing the physics, such as all pseudorapidities: training does so at random.
    /// </summary>
    public IReadOnlyList<string> Mirror { get; init; } = [];

    /// <summary>
    /// Differences of azimuths that change their direction together without changing the physics: training takes 2 pi less each, at
    /// random.
    /// </summary>
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

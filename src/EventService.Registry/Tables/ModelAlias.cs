namespace EventService.Registry.Tables;

/// <summary>A movable name for a version of a model, such as "production". Table <c>alias</c>.</summary>
public sealed class ModelAlias
{
    /// <summary>The alias that requests mean when they name neither version nor alias.</summary>
    public const string Production = "production";

    public long ModelId { get; init; }

    public required string Name { get; init; }

    public long VersionId { get; set; }

    public ModelVersion Version { get; set; } = null!;

    /// <summary>Number of moves in the alias's history; two movers of one revision cannot both win.</summary>
    public int Revision { get; set; }
}

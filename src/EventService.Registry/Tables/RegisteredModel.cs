namespace EventService.Registry.Tables;

/// <summary>A named model of one physics process; its versions are added, never changed. Table <c>model</c>.</summary>
public sealed class RegisteredModel
{
    public long Id { get; init; }

    /// <summary>Unique name, such as "ttbar-objects".</summary>
    public required string Name { get; init; }

    /// <summary>Process as clients ask for it, such as "ttbar".</summary>
    public required string Process { get; init; }

    public required DateTime CreatedAt { get; init; }

    public List<ModelVersion> Versions { get; init; } = [];

    public List<ModelAlias> Aliases { get; init; } = [];
}

namespace EventService.Registry.Aliases;

/// <summary>On what grounds a version became <c>production</c>, as the history keeps it.</summary>
public static class AliasGrounds
{
    /// <summary>Its last validation card passes.</summary>
    public const string Card = "card";

    /// <summary>Somebody answers for it by name and reason.</summary>
    public const string Override = "override";

    /// <summary>It was production before.</summary>
    public const string Rollback = "rollback";
}

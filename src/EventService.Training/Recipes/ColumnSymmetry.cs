namespace EventService.Training.Recipes;

/// <summary>What may be done to a column of an event, together with others, without changing the physics.</summary>
public enum ColumnSymmetry
{
    None,

    /// <summary>Its sign: z becomes -z.</summary>
    Mirror,

    /// <summary>x becomes 2 pi - x: azimuths are counted the other way round.</summary>
    Reflection,

    /// <summary>Any angle is added: the event is turned about the beam.</summary>
    Rotation,
}

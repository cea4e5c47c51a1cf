namespace EventService.Models.Sampling;

/// <summary>
/// How many events of a table go through a model together. Matrices are [rows, lanes] with the rows this far apart, whether all lanes are
/// used or not; the numbers of a lane do not depend on the others.
/// </summary>
public static class TableLanes
{
    /// <summary>Lanes of a tile of densities, in double precision.</summary>
    public const int Density = 64;

    /// <summary>
    /// Lanes of a tile of samples, in float32. A tile reads all weights once: the more lanes, the less that counts, and the more memory the
    /// hidden units take.
    /// </summary>
    public const int Sampling = 256;
}

using EventService.Engine.Random;

namespace EventService.Training.Matching;

/// <summary>Where training paths begin and end.</summary>
internal interface IPathSource
{
    /// <summary>Legs of a path.</summary>
    int Legs { get; }

    /// <summary>Fills a batch with as many points as there are rows.</summary>
    /// <param name="rows">Events of a shard.</param>
    /// <param name="use">Places in cells and mirror images are functions of it and of the event; below 0 nothing is mirrored.</param>
    /// <param name="random">Draws all else.</param>
    /// <param name="pairing">Pairs the ends.</param>
    /// <param name="batch">Receives the points.</param>
    void Fill(ReadOnlySpan<int> rows, int use, ref PhiloxStream random, EventPairing pairing, PathBatch batch);
}

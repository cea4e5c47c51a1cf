using EventService.Models.Flows;
using EventService.Models.Sampling;
using EventService.Training.Families;
using EventService.Training.Tables;

namespace EventService.Training.Matching;

/// <summary>The events of each value of the condition that paths between data lead through.</summary>
internal sealed class MatchingGroups
{
    private readonly Dictionary<int, bool> _ofOrigin;

    /// <exception cref="ArgumentException">There is not one condition of a few values, each with training and validation events, or the
    /// source is at none of them.</exception>
    public MatchingGroups(MatchingSource source, TableCoordinates coordinates, int[] training, int[] validation)
    {
        if (coordinates.Conditions.Count != 1 || coordinates.Conditions[0].TrainedPoints.Count < 2)
        {
            throw new ArgumentException($"Flow matching between data has {coordinates.Conditions.Count} conditions, expected one of at least two values: the parameter that the samples differ in.");
        }

        var parameter = coordinates.Conditions[0];
        double[] points = [.. parameter.TrainedPoints];
        Anchors = [.. points.Select(p => parameter.Scaled(p))];
        Origin = source.At is { } at ? Array.IndexOf(points, at) : 0;
        if (Origin < 0)
        {
            throw new ArgumentException($"The source is at {parameter.Name} = {source.At}, expected one of {string.Join(", ", points)}.");
        }

        int[][] Split(int[] rows) => [.. points.Select(p => rows.Where(r => coordinates.ConditionsOf(r)[0] == p).ToArray())];
        (Training, Validation) = (Split(training), Split(validation));
        if (Training.Sum(g => g.Length) != training.Length || Training.Concat(Validation).Any(g => g.Length == 0))
        {
            throw new ArgumentException($"The values of {parameter.Name} are {string.Join(", ", points)}, expected a few, each with training and validation events.");
        }

        _ofOrigin = training.Concat(validation).ToDictionary(r => r, r => coordinates.ConditionsOf(r)[0] == points[Origin]);
        OriginShare = (double)Training[Origin].Length / training.Length;
    }

    /// <summary>The values as gates take them, -1 to 1, rising.</summary>
    public IReadOnlyList<double> Anchors { get; }

    /// <summary>Which of them paths start from.</summary>
    public int Origin { get; }

    /// <summary>Training events there, as a share of all.</summary>
    public double OriginShare { get; }

    /// <summary>Rows of the training events of each value.</summary>
    public IReadOnlyList<int[]> Training { get; }

    /// <summary>Rows of the validation events of each value.</summary>
    public IReadOnlyList<int[]> Validation { get; }

    /// <summary>Those of the rows that are at the origin.</summary>
    public int[] OfOrigin(ReadOnlySpan<int> rows)
    {
        List<int> found = [];
        foreach (var row in rows)
        {
            if (_ofOrigin[row])
            {
                found.Add(row);
            }
        }

        return [.. found];
    }
}

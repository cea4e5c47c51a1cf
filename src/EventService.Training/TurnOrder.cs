namespace EventService.Training;

/// <summary>Which group takes which step: each its turns in a row, in the order of the groups, again and again.</summary>
internal sealed class TurnOrder
{
    private readonly int[] _starts;
    private readonly int[] _turns;
    private readonly int _cycle;

    /// <param name="groups">The groups.</param>
    /// <param name="parameters">Number of parameters, each of which belongs to one group.</param>
    /// <exception cref="ArgumentException">A parameter is in no group or in several, a group has no turn, or two have the same
    /// name.</exception>
    public TurnOrder(IReadOnlyList<ParameterGroup> groups, int parameters)
    {
        var next = 0;
        foreach (var group in groups.OrderBy(g => g.First))
        {
            if (group.First != next || group.End <= group.First)
            {
                throw new ArgumentException(
                    $"Group '{group.Name}' has the parameters {group.First} to {group.End - 1}, expected some from {next} on: "
                    + "each is in one group.");
            }

            next = group.End;
        }

        if (next != parameters)
        {
            throw new ArgumentException($"The groups have {next} parameters, expected all {parameters}.");
        }

        if (groups.FirstOrDefault(g => g.Turns < 1) is { } idle)
        {
            throw new ArgumentException($"Group '{idle.Name}' has {idle.Turns} turns, expected at least 1.");
        }

        if (groups.DistinctBy(g => g.Name).Count() != groups.Count)
        {
            throw new ArgumentException($"The groups are {string.Join(", ", groups.Select(g => g.Name))}, expected names that differ.");
        }

        _turns = [.. groups.Select(g => g.Turns)];
        _starts = [.. groups.Select((_, k) => _turns[..k].Sum())];
        _cycle = _turns.Sum();
    }

    /// <summary>The group that takes a step.</summary>
    public int GroupAt(long step)
    {
        var place = (int)(step % _cycle);
        return Array.FindLastIndex(_starts, start => start <= place);
    }

    /// <summary>How many of the first steps a group takes.</summary>
    public long StepsOf(int group, long steps) =>
        (steps / _cycle * _turns[group]) + Math.Clamp((steps % _cycle) - _starts[group], 0, _turns[group]);
}

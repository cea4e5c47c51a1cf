namespace EventService.Models.ObjectFlow.Azimuths;

/// <summary>How often objects stand at the nodes of tables; one that stands between two nodes is shared between them.</summary>
internal sealed class NodeCounts
{
    private readonly double[][] _counts;

    public NodeCounts(IReadOnlyList<CorrelationTable?> tables) => _counts = [.. tables.Select(t => new double[t?.LogFactor.Length ?? 0])];

    /// <summary>Counts at a table's nodes.</summary>
    public ReadOnlySpan<double> this[int table] => _counts[table];

    /// <summary>Adds an object at a place of a table: bin and fraction of the bin.</summary>
    public void Add(int table, double place, double amount)
    {
        var i = (int)place;
        _counts[table][i] += amount * (1 - (place - i));
        _counts[table][i + 1] += amount * (place - i);
    }

    public void Add(NodeCounts other)
    {
        for (var t = 0; t < _counts.Length; t++)
        {
            System.Numerics.Tensors.TensorPrimitives.Add(_counts[t], other._counts[t], _counts[t]);
        }
    }
}

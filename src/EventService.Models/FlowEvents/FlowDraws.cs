using EventService.Engine.Random;
using EventService.Models.Flows;
using EventService.Models.Sampling;

namespace EventService.Models.FlowEvents;

/// <summary>Many draws of one flow, evaluated together. For one thread.</summary>
internal sealed class FlowDraws(LayeredFlow flow)
{
    private float[] _draws = [];
    private float[] _rows = [];
    private int _count;

    private int Features => flow.Schema.Scalars.Count;

    public void Clear() => _count = 0;

    /// <summary>Adds a draw from the next numbers of the stream. Returns its place.</summary>
    public int Add(ref PhiloxStream random)
    {
        if (_draws.Length < (_count + 1) * Features)
        {
            Array.Resize(ref _draws, Math.Max((_count + 1) * Features, 2 * _draws.Length));
            Array.Resize(ref _rows, _draws.Length);
        }

        flow.DrawBase(ref random, _draws.AsSpan(_count * Features, Features));
        return _count++;
    }

    /// <summary>Runs all draws that were added through the flow.</summary>
    public void Run() => flow.FromBase(_draws.AsSpan(0, _count * Features), _rows);

    public int Count => _count;

    /// <summary>The columns of a draw.</summary>
    public ReadOnlySpan<float> this[int draw] => _rows.AsSpan(draw * Features, Features);
}

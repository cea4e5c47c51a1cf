using EventService.Models.Conditions;
using EventService.Models.Flows.Workspaces;
using EventService.Models.Sampling;

namespace EventService.Models.Tables;

/// <summary>What a thread works in while a <see cref="TableModel"/> draws events or gives their densities.</summary>
/// <param name="features">Number of columns.</param>
/// <param name="rows">Rows of a tile of samples: the larger of the number of latents and of columns.</param>
public sealed class TableWorkspace(int features, int rows)
{
    private const int Stride = TableLanes.Density;
    private const int SamplingStride = TableLanes.Sampling;

    /// <summary>
    /// Columns of a tile of densities, [features, lanes]; after <see cref="TableLikelihoodModel"/> has taken their maps, those.
    /// </summary>
    public double[] X { get; } = new double[features * Stride];

    /// <summary>The observables of the tile while several points of their cells are evaluated.</summary>
    public double[] Observed { get; } = new double[features * Stride];

    /// <summary>Latents of a tile of samples, which become its columns in place: [rows, lanes].</summary>
    public float[] Z { get; } = new float[rows * SamplingStride];

    /// <summary>What decides on each draw of the tile, and with what probability it is kept.</summary>
    public double[] Uniform { get; } = new double[SamplingStride];

    public float[] Acceptance { get; } = new float[SamplingStride];

    /// <summary>Columns of one event.</summary>
    public double[] Row { get; } = new double[features];

    /// <summary>What the support adds to the log-density of each event of the tile.</summary>
    public double[] Gain { get; } = new double[Stride];

    public FlowScratch Scratch { get; } = new();

    /// <summary>Key of the stream of each event.</summary>
    public List<ulong> Keys { get; } = [];

    public List<int> Pending { get; } = new(SamplingStride);

    // As gates take them: of all events of a call, event after event, and of the lanes of a tile, [parameters, lanes].
    private IReadOnlyList<ConditionParameter> _parameters = [];
    private double[] _conditions = [];
    private double[] _ofTile = [];

    /// <summary>Conditions of the tile's lanes, rows <paramref name="stride"/> apart; empty for a model under no condition.</summary>
    public ReadOnlySpan<double> Conditions(int stride) => _ofTile.AsSpan(0, _parameters.Count * stride);

    /// <summary>
    /// What the maps of columns take of the condition of a lane: the one parameter, which stands in the first row whatever the stride; NaN
    /// for a model under no condition.
    /// </summary>
    public double ConditionOfMaps(int lane) => _parameters.Count == 0 ? double.NaN : _ofTile[lane];

    /// <summary>Before the conditions of the events of a call.</summary>
    public void StartConditions(IReadOnlyList<ConditionParameter> parameters, int events)
    {
        _parameters = parameters;
        if (_conditions.Length < events * parameters.Count)
        {
            _conditions = new double[events * parameters.Count];
        }

        if (_ofTile.Length < SamplingStride * parameters.Count)
        {
            _ofTile = new double[SamplingStride * parameters.Count];
        }
    }

    /// <summary>The conditions of all events of a call; of no meaning without parameters.</summary>
    public void SetConditions(IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<IReadOnlyList<double>> conditions, int events)
    {
        StartConditions(parameters, events);
        for (var e = 0; e < events && parameters.Count > 0; e++)
        {
            SetCondition(e, conditions[e]);
        }
    }

    /// <summary>The condition of an event of the call.</summary>
    public void SetCondition(int e, IReadOnlyList<double> condition)
    {
        for (var c = 0; c < _parameters.Count; c++)
        {
            _conditions[(e * _parameters.Count) + c] = _parameters[c].Scaled(condition[c]);
        }
    }

    /// <summary>Takes the conditions of these events for the lanes of the tile.</summary>
    public void TakeConditions(int first, int lanes, int stride)
    {
        for (var i = 0; i < lanes; i++)
        {
            TakeCondition(i, first + i, stride);
        }
    }

    /// <inheritdoc cref="TakeConditions(int, int, int)"/>
    public void TakeConditions(List<int> events)
    {
        for (var i = 0; i < events.Count; i++)
        {
            TakeCondition(i, events[i], SamplingStride);
        }
    }

    private void TakeCondition(int lane, int e, int stride)
    {
        for (var c = 0; c < _parameters.Count; c++)
        {
            _ofTile[(c * stride) + lane] = _conditions[(e * _parameters.Count) + c];
        }
    }
}

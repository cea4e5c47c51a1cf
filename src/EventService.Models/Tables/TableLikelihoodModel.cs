using EventService.Models.Columns;
using EventService.Models.Conditions;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Models.Tables;

/// <summary>
/// A model of tables with a density: log p(x) = log q(g(x)) + sum of log dg/dx + log a / A, where q is the family's density of the columns
/// after their maps g, and the last term that of what a refinement and a support keep.
/// </summary>
/// <remarks>
/// Densities are computed in double precision from the columns as they are written, so that the sampler reports the density that /density
/// gives.
/// </remarks>
public abstract class TableLikelihoodModel : TableModel, ILikelihoodModel
{
    private const int Stride = TableLanes.Density;

    // Points in the cell of a value on a grid over which the lower bound of its log-density is averaged; a power of two.
    private const int CellPoints = 8;

    private readonly int _grids;

    /// <inheritdoc cref="TableModel(SampleSchema, IReadOnlyList{ColumnPreprocessing}, int, ReadOnlyMemory{byte})"/>
    protected TableLikelihoodModel(SampleSchema schema, IReadOnlyList<ColumnPreprocessing> columns, int latents, ReadOnlyMemory<byte> digest)
        : base(schema, columns, latents, digest) => _grids = columns.Count(c => c.Dequantisation is not null);

    /// <inheritdoc cref="TableModel(TableModel, IReadOnlyList{ColumnPreprocessing}, EventSupport)"/>
    protected TableLikelihoodModel(TableLikelihoodModel other, IReadOnlyList<ColumnPreprocessing> columns, EventSupport? support)
        : base(other, columns, support) => _grids = other._grids;

    public string BaseMeasure => _grids == 0
        ? Measure
        : $"{Measure}; lower bounds, since {string.Join(", ", Schema.Scalars.Where((_, f) => Preprocessing[f].Dequantisation is not null).Select(s => s.Name))} "
            + $"{(_grids == 1 ? "has" : "have")} values on a grid";

    private string Measure => $"{string.Join(' ', Schema.Scalars.Select(s => $"d{s.Name}"))} [{string.Join(", ", Schema.Scalars.Select(s => s.Unit))}]";

    public void LogDensity(EventSample events, IReadOnlyList<double> condition, Span<EventDensity> densities) => LogDensities(events, [], [], densities);

    /// <summary>Adds log q of the columns after their maps; minus infinity where there is no density.</summary>
    /// <param name="work">With the columns in <see cref="TableWorkspace.X"/>, rows <see cref="TableLanes.Density"/> apart, which may be
    /// overwritten, and the conditions of the lanes.</param>
    /// <param name="logDensity">One number an event; its length is the number of lanes.</param>
    protected abstract void AddLogDensity(TableWorkspace work, Span<double> logDensity);

    protected override void FillLogDensity(TableWorkspace work, EventBlock block, Span<double> logDensity)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(block);
        for (var start = 0; start < logDensity.Length; start += Stride)
        {
            var lanes = Math.Min(Stride, block.Count - start);
            for (var f = 0; f < Features; f++)
            {
                for (var i = 0; i < lanes; i++)
                {
                    work.X[(f * Stride) + i] = block.Scalars[f][start + i];
                }
            }

            work.TakeConditions(start, lanes, Stride);
            Evaluate(work, logDensity.Slice(start, lanes));
        }
    }

    /// <summary>Densities of events, each under a condition of its own.</summary>
    /// <param name="events">The events.</param>
    /// <param name="parameters">The parameters of the condition; empty for a model under no condition.</param>
    /// <param name="conditions">One for each event; not read without parameters.</param>
    /// <param name="densities">Receives one an event.</param>
    internal void LogDensities(
        EventSample events, IReadOnlyList<ConditionParameter> parameters, IReadOnlyList<IReadOnlyList<double>> conditions, Span<EventDensity> densities)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.ColumnCount != Features)
        {
            throw new ArgumentException($"The events have {events.ColumnCount} columns, expected the {Features} of {Schema.Describe()}.", nameof(events));
        }

        var work = RentWorkspace();
        work.SetConditions(parameters, conditions, events.Count);
        Span<double> logDensity = stackalloc double[Stride];
        for (var start = 0; start < events.Count; start += Stride)
        {
            var lanes = Math.Min(Stride, events.Count - start);
            for (var i = 0; i < lanes; i++)
            {
                var row = events.Row(start + i);
                for (var f = 0; f < Features; f++)
                {
                    work.X[(f * Stride) + i] = row[f];
                }
            }

            work.TakeConditions(start, lanes, Stride);
            Evaluate(work, logDensity[..lanes]);
            for (var i = 0; i < lanes; i++)
            {
                densities[start + i] = double.IsFinite(logDensity[i])
                    ? new EventDensity(logDensity[i], Error(work.ConditionOfMaps(i)), null)
                    : new EventDensity(double.NegativeInfinity, 0, Reason(events.Row(start + i), work.ConditionOfMaps(i)));
            }
        }

        Return(work);
    }

    /// <summary>Log-densities of the events in the workspace; minus infinity, never NaN, where there is none.</summary>
    /// <remarks>
    /// Where columns have values on a grid, the mean over points of their cells of the log-density less that of the spread: a lower bound.
    /// The points are the middles of equal shares of the spread, in another order for each column.
    /// </remarks>
    private void Evaluate(TableWorkspace work, Span<double> logDensity)
    {
        var gain = work.Gain.AsSpan(0, logDensity.Length);
        gain.Clear();
        if (Support is not null)
        {
            FillGain(Support, work, gain);
        }

        logDensity.Clear();
        if (_grids == 0)
        {
            AddLogDensityAt(0, work, logDensity);
        }
        else
        {
            Span<double> sum = stackalloc double[logDensity.Length];
            sum.Clear();
            work.X.CopyTo(work.Observed.AsSpan());
            for (var point = 0; point < CellPoints; point++)
            {
                work.Observed.CopyTo(work.X.AsSpan());
                logDensity.Clear();
                AddLogDensityAt(point, work, logDensity);
                for (var i = 0; i < sum.Length; i++)
                {
                    sum[i] += logDensity[i] / CellPoints;
                }
            }

            sum.CopyTo(logDensity);
        }

        for (var i = 0; i < logDensity.Length; i++)
        {
            var value = logDensity[i] + gain[i];
            logDensity[i] = double.IsFinite(value) ? value : double.NegativeInfinity;
        }
    }

    /// <summary>What the events in the workspace get beside the density of the family: minus infinity outside the support.</summary>
    private void FillGain(EventSupport support, TableWorkspace work, Span<double> gain)
    {
        for (var i = 0; i < gain.Length; i++)
        {
            for (var f = 0; f < Features; f++)
            {
                work.Row[f] = work.X[(f * Stride) + i];
            }

            gain[i] = Violated(support, work.Row) is null ? support.LogGain(work.ConditionOfMaps(i)) : double.NegativeInfinity;
        }
    }

    /// <summary>Columns count as the float32 numbers that events are written with: their shortest digits may lie beyond an edge.</summary>
    private static ColumnInequality? Violated(EventSupport support, ReadOnlySpan<double> row)
    {
        Span<double> written = stackalloc double[row.Length];
        for (var f = 0; f < row.Length; f++)
        {
            written[f] = (float)row[f];
        }

        return support.Inequalities.Violated(written);
    }

    /// <summary>Standard error of the log-density: that of the measured shares of draws that are kept.</summary>
    private double Error(double condition)
    {
        double refinement = Refinement?.LogAcceptanceError ?? 0, support = Support?.LogError(condition) ?? 0;
        return Math.Sqrt((refinement * refinement) + (support * support));
    }

    /// <summary>Adds the log-density at one point of the cells of columns with values on a grid.</summary>
    private void AddLogDensityAt(int point, TableWorkspace work, Span<double> logDensity)
    {
        var grid = 0;
        for (var f = 0; f < Features; f++)
        {
            var column = work.X.AsSpan(f * Stride, logDensity.Length);
            var cells = Preprocessing[f].Dequantisation;
            var share = cells is null ? 0 : ((point * ((2 * grid++) + 1) % CellPoints) + 0.5) / CellPoints;
            for (var i = 0; i < column.Length; i++)
            {
                var (x, logSpread) = cells?.Spread(column[i], share) ?? (column[i], 0);
                if (Preprocessing[f].TryForward(x, work.ConditionOfMaps(i), out var t, out var log))
                {
                    column[i] = t;
                    logDensity[i] += log - logSpread;
                }
                else
                {
                    column[i] = 0;
                    logDensity[i] = double.NegativeInfinity;
                }
            }
        }

        Refinement?.AddLogDensity(work.X, logDensity, work.Scratch);
        AddLogDensity(work, logDensity);
    }

    private string Reason(ReadOnlySpan<double> row, double condition)
    {
        for (var f = 0; f < Features; f++)
        {
            if (!Preprocessing[f].TryForward(row[f], condition, out _, out _))
            {
                return $"{Schema.Scalars[f].Name} {row[f]:G6} is outside the domain of its maps";
            }
        }

        return Support is not null && Violated(Support, row) is { } inequality
            ? $"{inequality.Meaning}: expected {inequality}"
            : "the event is outside the support of the model, or too far out";
    }
}

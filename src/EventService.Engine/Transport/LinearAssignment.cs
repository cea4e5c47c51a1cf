namespace EventService.Engine.Transport;

/// <summary>
/// The assignment of n rows to n columns with the least total cost: optimal transport between two samples of equal size. Column reduction
/// and augmenting row reduction, then shortest augmenting paths for the remaining rows (R. Jonker and A. Volgenant, "A shortest augmenting
/// path algorithm for dense and sparse linear assignment problems", Computing 38 (1987) 325). Exact for the given costs except for the
/// rounding of the dual prices, kept in double precision; O(n^3) at worst.
/// </summary>
public sealed class LinearAssignment
{
    private const int Free = -1;

    private int[] _columnOf = [], _rowOf = [], _free = [], _previous = [], _columns = [];
    private double[] _price = [], _distance = [];

    /// <summary>Finds the assignment.</summary>
    /// <param name="cost">[n, n], row after row, finite.</param>
    /// <param name="columnOf">n numbers; receives the column of each row.</param>
    /// <exception cref="ArgumentException">There is not one cost per pair, or a cost is not finite.</exception>
    public void Solve(ReadOnlySpan<float> cost, Span<int> columnOf)
    {
        var n = columnOf.Length;
        if (cost.Length != (long)n * n)
        {
            throw new ArgumentException($"{cost.Length} costs do not fit {n} rows, expected {(long)n * n}.", nameof(cost));
        }

        foreach (var c in cost)
        {
            if (!float.IsFinite(c))
            {
                throw new ArgumentException($"A cost is {c}, expected finite numbers.", nameof(cost));
            }
        }

        if (_columnOf.Length != n)
        {
            (_columnOf, _rowOf, _free, _previous, _columns, _price, _distance) =
                (new int[n], new int[n], new int[n], new int[n], new int[n], new double[n], new double[n]);
        }

        Array.Fill(_columnOf, Free);
        Array.Fill(_rowOf, Free);
        ReduceColumns(cost, n);
        var free = 0;
        for (var i = 0; i < n; i++)
        {
            if (_columnOf[i] == Free)
            {
                _free[free++] = i;
            }
        }

        for (var turn = 0; turn < 2; turn++)
        {
            free = ReduceRows(cost, n, free);
        }

        for (var f = 0; f < free; f++)
        {
            Augment(cost, n, _free[f]);
        }

        _columnOf.CopyTo(columnOf);
    }

    /// <summary>Prices become the smallest costs of the columns; each column takes its cheapest row if that is still free.</summary>
    private void ReduceColumns(ReadOnlySpan<float> cost, int n)
    {
        Array.Fill(_price, double.PositiveInfinity);

        for (var i = 0; i < n; i++)
        {
            var row = cost.Slice(i * n, n);
            for (var j = 0; j < n; j++)
            {
                if (row[j] < _price[j])
                {
                    (_price[j], _columns[j]) = (row[j], i);
                }
            }
        }

        for (var j = n - 1; j >= 0; j--)
        {
            if (_columnOf[_columns[j]] == Free)
            {
                (_columnOf[_columns[j]], _rowOf[j]) = (j, _columns[j]);
            }
        }
    }

    /// <summary>
    /// Each free row takes the column that is cheapest for it at present prices, whose price falls by the advantage over the second best. A
    /// row that held it becomes free: at once if the price fell, else in the next turn.
    /// </summary>
    private int ReduceRows(ReadOnlySpan<float> cost, int n, int free)
    {
        var (next, kept) = (0, 0);

        // Prices can fall by ever smaller amounts; what is not settled by then is left to the paths.
        var budget = 8L * n;
        while (next < free)
        {
            var i = _free[next++];
            var row = cost.Slice(i * n, n);
            var (best, second) = (double.PositiveInfinity, double.PositiveInfinity);
            var (first, other) = (0, 0);
            for (var j = 0; j < n; j++)
            {
                var reduced = row[j] - _price[j];
                if (reduced < second)
                {
                    if (reduced < best)
                    {
                        (second, other, best, first) = (best, first, reduced, j);
                    }
                    else
                    {
                        (second, other) = (reduced, j);
                    }
                }
            }

            var holder = _rowOf[first];
            var falls = second > best && double.IsFinite(second);
            if (falls)
            {
                _price[first] -= second - best;
            }
            else if (holder != Free && double.IsFinite(second))
            {
                (first, holder) = (other, _rowOf[other]);
            }

            (_columnOf[i], _rowOf[first]) = (first, i);
            if (holder == Free)
            {
                continue;
            }

            _columnOf[holder] = Free;
            if (falls && budget-- > 0)
            {
                _free[--next] = holder;
            }
            else
            {
                _free[kept++] = holder;
            }
        }

        return kept;
    }

    /// <summary>
    /// The cheapest path of alternating columns and rows from a free row to a free column (Dijkstra), along which assignments move up.
    /// </summary>
    private void Augment(ReadOnlySpan<float> cost, int n, int start)
    {
        var source = cost.Slice(start * n, n);
        for (var j = 0; j < n; j++)
        {
            (_distance[j], _previous[j], _columns[j]) = (source[j] - _price[j], start, j);
        }

        // _columns: [0, low) are final and nearer than the least distance, [low, high) are at it, the rest is open.
        var (low, high, end) = (0, 0, Free);
        double least = 0;
        var settled = 0;
        while (end == Free)
        {
            if (low == high)
            {
                settled = low;
                least = _distance[_columns[high++]];
                for (var k = high; k < n; k++)
                {
                    var j = _columns[k];
                    if (_distance[j] > least)
                    {
                        continue;
                    }

                    if (_distance[j] < least)
                    {
                        (high, least) = (low, _distance[j]);
                    }

                    (_columns[k], _columns[high]) = (_columns[high], j);
                    high++;
                }

                for (var k = low; k < high && end == Free; k++)
                {
                    end = _rowOf[_columns[k]] == Free ? _columns[k] : Free;
                }
            }

            if (end == Free)
            {
                var column = _columns[low++];
                var row = cost.Slice(_rowOf[column] * n, n);
                var offset = row[column] - _price[column] - least;
                for (var k = high; k < n; k++)
                {
                    var j = _columns[k];
                    var distance = row[j] - _price[j] - offset;
                    if (distance >= _distance[j])
                    {
                        continue;
                    }

                    (_distance[j], _previous[j]) = (distance, _rowOf[column]);
                    if (distance > least)
                    {
                        continue;
                    }

                    if (_rowOf[j] == Free)
                    {
                        end = j;
                        break;
                    }

                    (_columns[k], _columns[high]) = (_columns[high], j);
                    high++;
                }
            }
        }

        for (var k = 0; k < settled; k++)
        {
            _price[_columns[k]] += _distance[_columns[k]] - least;
        }

        for (var column = end; ;)
        {
            var row = _previous[column];
            _rowOf[column] = row;
            (column, _columnOf[row]) = (_columnOf[row], column);
            if (row == start)
            {
                return;
            }
        }
    }
}

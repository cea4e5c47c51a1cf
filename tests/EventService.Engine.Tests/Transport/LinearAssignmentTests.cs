using EventService.Engine.Random;
using EventService.Engine.Transport;

namespace EventService.Engine.Tests.Transport;

public sealed class LinearAssignmentTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    public void Solve_SmallRandomCosts_IsTheBestOfAllPermutations(int n)
    {
        for (ulong draw = 0; draw < 40; draw++)
        {
            // Few different values in every other draw, so that there are ties.
            var random = new PhiloxStream(3, draw);
            var cost = new float[n * n];
            foreach (ref var c in cost.AsSpan())
            {
                c = draw % 2 == 0 ? random.NextFloat() : random.NextBelow(4);
            }

            Assert.Equal(Permutations([.. Enumerable.Range(0, n)], 0).Min(p => Total(cost, p)), Total(cost, Solve(cost, n)), 1e-5);
        }
    }

    // Optimal totals by scipy 1.10.1, scipy.optimize.linear_sum_assignment.
    [Theory]
    [InlineData(40, 17656)]
    [InlineData(150, 17569)]
    [InlineData(400, 16656)]
    public void Solve_IntegerCosts_HasTheTotalOfScipy(int n, double total)
    {
        var cost = new float[n * n];
        for (long i = 0; i < n; i++)
        {
            for (long j = 0; j < n; j++)
            {
                cost[(i * n) + j] = ((i * i * 7919) + (j * j * 104729) + (i * j * 31337) + ((i ^ j) * 613)) % 10007;
            }
        }

        Assert.Equal(total, Total(cost, Solve(cost, n)));
    }

    [Fact]
    public void Solve_SquaredDistancesOnALine_JoinsPointsOfEqualRank()
    {
        // Whole numbers in mixed order, so that all distances are exact.
        const int n = 300;
        var (x, y) = (new Engine.Tensors.Tensor(1, n), new Engine.Tensors.Tensor(1, n));
        for (var i = 0; i < n; i++)
        {
            (x[0, i], y[0, i]) = (i * 113 % n, 3 * (i * 77 % n));
        }

        var cost = new float[n * n];
        SquaredDistances.Fill(x, y, cost);
        var columns = Solve(cost, n);

        int[] byX = [.. Enumerable.Range(0, n).OrderBy(i => x[0, i])], byY = [.. Enumerable.Range(0, n).OrderBy(j => y[0, j])];
        Assert.Equal(byY, byX.Select(i => columns[i]));
    }

    [Fact]
    public void Solve_AgainWithOtherCosts_DoesNotRememberTheFirst()
    {
        var solver = new LinearAssignment();
        Span<int> columns = stackalloc int[2];
        solver.Solve([0, 5, 5, 0], columns);
        solver.Solve([5, 0, 0, 5], columns);
        Assert.Equal([1, 0], columns.ToArray());
    }

    [Fact]
    public void Solve_NotANumberOrTooFewCosts_SaysSo()
    {
        var solver = new LinearAssignment();
        Assert.Contains(
            "NaN",
            Assert.Throws<ArgumentException>(() => solver.Solve([1, 2, float.NaN, 4], new int[2])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "expected 4", Assert.Throws<ArgumentException>(() => solver.Solve([1, 2, 3], new int[2])).Message, StringComparison.Ordinal);
    }

    private static int[] Solve(float[] cost, int n)
    {
        var columns = new int[n];
        new LinearAssignment().Solve(cost, columns);
        Assert.Equal(Enumerable.Range(0, n), columns.Order());
        return columns;
    }

    private static double Total(float[] cost, int[] columns) => columns.Select((j, i) => (double)cost[(i * columns.Length) + j]).Sum();

    private static IEnumerable<int[]> Permutations(int[] items, int from)
    {
        if (from == items.Length)
        {
            yield return (int[])items.Clone();
        }

        for (var k = from; k < items.Length; k++)
        {
            (items[from], items[k]) = (items[k], items[from]);
            foreach (var permutation in Permutations(items, from + 1))
            {
                yield return permutation;
            }

            (items[from], items[k]) = (items[k], items[from]);
        }
    }
}

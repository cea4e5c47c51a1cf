using EventService.Engine.Random;
using EventService.Engine.Tensors;
using EventService.Engine.Transport;

namespace EventService.Engine.Tests.Transport;

public sealed class EntropicTransportTests
{
    [Fact]
    public void Plan_Converged_HasEqualRowsAndColumns()
    {
        var (cost, n, m) = (Cost(30, 50, 1), 30, 50);
        var transport = new EntropicTransport(cost, n, m, 0.05, tolerance: 1e-8, mostIterations: 5000);
        Assert.True(transport.RowError <= 1e-8, $"{transport.RowError}");
        for (var i = 0; i < n; i++)
        {
            Assert.Equal(1.0 / n, Enumerable.Range(0, m).Sum(j => transport.Plan(i, j)), 1e-8);
        }

        for (var j = 0; j < m; j++)
        {
            Assert.Equal(1.0 / m, Enumerable.Range(0, n).Sum(i => transport.Plan(i, j)), 1e-8);
        }
    }

    [Fact]
    public void Plan_OfTwoPoints_IsTheClosedForm()
    {
        // Costs 0 on the diagonal and c off it: pi = [p, 1/2 - p] with p / (1/2 - p) = e^(c / epsilon).
        const double c = 0.7, epsilon = 0.4;
        var transport = new EntropicTransport([0, (float)c, (float)c, 0], 2, 2, epsilon, 1e-10);
        var odds = Math.Exp((float)c / epsilon);
        Assert.Equal(0.5 * odds / (1 + odds), transport.Plan(0, 0), 1e-9);
        Assert.Equal(0.5 / (1 + odds), transport.Plan(0, 1), 1e-9);
    }

    [Fact]
    public void Plan_SmallEpsilon_CostsHardlyMoreThanTheAssignment()
    {
        const int n = 60;
        var cost = Cost(n, n, 2);
        var columns = new int[n];
        new LinearAssignment().Solve(cost, columns);
        var least = columns.Select((j, i) => (double)cost[(i * n) + j]).Sum() / n;

        double CostAt(double epsilon)
        {
            var transport = new EntropicTransport(cost, n, n, epsilon, 1e-6, 20_000);
            return Enumerable.Range(0, n * n).Sum(k => cost[k] * transport.Plan(k / n, k % n));
        }

        // <cost, pi> exceeds the optimum by at most epsilon log n (Peyre and Cuturi 2019, sec. 4.1), and by less for smaller epsilon.
        var (coarse, fine) = (CostAt(0.1), CostAt(0.005));
        Assert.InRange(fine, least - 1e-5, least + (0.005 * Math.Log(n)));
        Assert.True(coarse > fine, $"{coarse} and {fine}");
    }

    [Fact]
    public void Draw_OfARow_FollowsThePlan()
    {
        var transport = new EntropicTransport(Cost(5, 8, 3), 5, 8, 0.3, 1e-8);
        var random = new PhiloxStream(6, 0);
        var drawn = new int[8];
        for (var k = 0; k < 40_000; k++)
        {
            drawn[transport.Draw(2, random.NextDouble())]++;
        }

        for (var j = 0; j < 8; j++)
        {
            var share = 5 * transport.Plan(2, j);
            Assert.Equal(share, drawn[j] / 40_000.0, 4 * Math.Sqrt(share / 40_000) + 1e-4);
        }
    }

    private static float[] Cost(int n, int m, ulong seed)
    {
        var random = new PhiloxStream(7, seed);
        var (x, y) = (new Tensor(2, n), new Tensor(2, m));
        foreach (ref var v in x.Span)
        {
            v = random.NextFloat();
        }

        foreach (ref var v in y.Span)
        {
            v = random.NextFloat();
        }

        var cost = new float[n * m];
        SquaredDistances.Fill(x, y, cost);
        return cost;
    }
}

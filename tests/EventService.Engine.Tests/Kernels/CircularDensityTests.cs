using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tests.Functions;

namespace EventService.Engine.Tests.Kernels;

/// <summary>The circular density against its definition in double precision, and its lanes against each other.</summary>
[Collection(KernelSetCollection.Name)]
public sealed class CircularDensityTests
{
    private static readonly VectorPath[] s_paths = Enum.GetValues<VectorPath>();

    public static TheoryData<int, int, int> Densities() => new() { { 24, 8, 4 }, { 32, 6, 3 }, { 8, 13, 2 }, { 4, 1, 0 }, { 5, 3, 1 } };

    [Theory]
    [MemberData(nameof(Densities))]
    public void LogDensity_AgainstDoublePrecision_Agrees(int knots, int nodesPerKnot, int fields)
    {
        var batch = new Batch(new(knots, nodesPerKnot, fields), 100);
        var log = new float[batch.Lanes];

        batch.Density.LogDensity(batch.Theta, batch.Lanes, batch.Fields, batch.Points, log);

        Assert.All(
            Enumerable.Range(0, batch.Lanes),
            lane => Assert.Equal(Math.Log(batch.Oracle(lane, batch.Theta)(batch.Points[lane])), log[lane], 2e-5));
    }

    [Theory]
    [MemberData(nameof(Densities))]
    public void LogDensity_IntegratesToOneAndHasNoSeam(int knots, int nodesPerKnot, int fields)
    {
        const int Steps = 20_000;
        var batch = new Batch(new(knots, nodesPerKnot, fields), 4);
        float[] log = new float[batch.Lanes], point = new float[batch.Lanes];
        var sums = new double[batch.Lanes];
        for (var k = 0; k < Steps; k++)
        {
            Array.Fill(point, (k + 0.5f) / Steps);
            batch.Density.LogDensity(batch.Theta, batch.Lanes, batch.Fields, point, log);
            for (var lane = 0; lane < batch.Lanes; lane++)
            {
                sums[lane] += Math.Exp(log[lane]) / Steps;
            }
        }

        Assert.All(sums, sum => Assert.Equal(1, sum, 1e-4));

        float[] low = new float[batch.Lanes], high = new float[batch.Lanes];
        Array.Fill(point, 0);
        batch.Density.LogDensity(batch.Theta, batch.Lanes, batch.Fields, point, low);
        Array.Fill(point, 1);
        batch.Density.LogDensity(batch.Theta, batch.Lanes, batch.Fields, point, high);
        Assert.All(Enumerable.Range(0, batch.Lanes), lane => Assert.Equal(low[lane], high[lane], 1e-5f));
    }

    [Theory]
    [MemberData(nameof(Densities))]
    public void Inverse_IsTheQuantile(int knots, int nodesPerKnot, int fields)
    {
        var batch = new Batch(new(knots, nodesPerKnot, fields), 200);
        float[] y = new float[batch.Lanes], log = new float[batch.Lanes], again = new float[batch.Lanes];

        batch.Density.Inverse(batch.Theta, batch.Lanes, batch.Fields, batch.Points, y, log);
        batch.Density.LogDensity(batch.Theta, batch.Lanes, batch.Fields, y, again);

        Assert.All(Enumerable.Range(0, batch.Lanes), lane =>
        {
            Assert.InRange(y[lane], 0, MathF.BitDecrement(1));
            Assert.Equal(again[lane], log[lane], 1e-3f);

            // The integral of the oracle from 0 to y, exact for a function that is linear between the nodes.
            var oracle = batch.Oracle(lane, batch.Theta);
            var cell = (int)(y[lane] * (double)batch.Density.Nodes);
            double integral = 0;
            for (var c = 0; c <= cell; c++)
            {
                double from = (double)c / batch.Density.Nodes, to = c == cell ? y[lane] : (double)(c + 1) / batch.Density.Nodes;
                integral += (to - from) * (oracle(from) + oracle(to)) / 2;
            }

            Assert.Equal(batch.Points[lane], integral, 2e-6 * (1 + oracle(y[lane])));
        });
    }

    [Fact]
    public void ParametersOfZero_LeaveTheProductOfTheFields()
    {
        // Four nodes with weights 1, 2, 3, 2: sum 8, so at y = 3/8, between the second and the third node, p = 2.5 / (8 / 4).
        var density = new CircularDensity(4, 1, 1);
        float[] theta = new float[density.ParameterCount], log = [0];
        float[] fields = [0, MathF.Log(2), MathF.Log(3), 0, 0, 0, 0, MathF.Log(2)];

        density.LogDensity(theta, 1, fields, [0.375f], log);
        Assert.Equal(Math.Log(1.25), log[0], 1e-6);

        // Up to the second node 1.5 / 8 of the probability.
        var y = new float[1];
        density.Inverse(theta, 1, fields, [1.5f / 8], y, log);
        Assert.Equal(0.25f, y[0], 1e-6f);
        Assert.Equal(Math.Log(1), log[0], 1e-6);
    }

    [Theory]
    [MemberData(nameof(Densities))]
    public void LogDensityGradient_IsThatOfFiniteDifferences(int knots, int nodesPerKnot, int fields)
    {
        var batch = new Batch(new(knots, nodesPerKnot, fields), 19);
        float[] log = new float[batch.Lanes], expected = new float[batch.Lanes], gradient = new float[batch.Theta.Length];
        var scale = Enumerable.Range(0, batch.Lanes).Select(lane => 0.5f + (0.1f * lane)).ToArray();

        batch.Density.LogDensityGradient(batch.Theta, batch.Lanes, batch.Fields, batch.Points, scale, log, gradient);
        batch.Density.LogDensity(batch.Theta, batch.Lanes, batch.Fields, batch.Points, expected);

        Assert.Equal(expected, log);
        const float h = 1e-3f;
        for (var row = 0; row < batch.Density.ParameterCount; row++)
        {
            for (var lane = 0; lane < batch.Lanes; lane++)
            {
                double At(float step)
                {
                    var theta = batch.Theta.ToArray();
                    theta[(row * batch.Lanes) + lane] += step;
                    return Math.Log(batch.Oracle(lane, theta)(batch.Points[lane]));
                }

                Assert.Equal(scale[lane] * (At(h) - At(-h)) / (2 * h), gradient[(row * batch.Lanes) + lane], 2e-3);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Densities))]
    public void AllOperations_OnEveryPath_AreEqualToTheBit(int knots, int nodesPerKnot, int fields)
    {
        var batch = new Batch(new(knots, nodesPerKnot, fields), 77);
        List<float[]> results = [];
        foreach (var path in s_paths)
        {
            using var forced = new ForcedPath(path);
            float[] log = new float[batch.Lanes], y = new float[batch.Lanes], inverse = new float[batch.Lanes],
                gradient = new float[batch.Theta.Length], again = new float[batch.Lanes];
            batch.Density.LogDensity(batch.Theta, batch.Lanes, batch.Fields, batch.Points, log);
            batch.Density.Inverse(batch.Theta, batch.Lanes, batch.Fields, batch.Points, y, inverse);
            batch.Density.LogDensityGradient(batch.Theta, batch.Lanes, batch.Fields, batch.Points, batch.Points, again, gradient);
            results.Add([.. log, .. y, .. inverse, .. again, .. gradient]);
        }

        Assert.All(
            results,
            result => Assert.Equal(results[0].Select(BitConverter.SingleToUInt32Bits), result.Select(BitConverter.SingleToUInt32Bits)));
    }

    [Fact]
    public void ShortBuffers_AreRefused()
    {
        var density = new CircularDensity(8, 6, 1);
        var e = Assert.Throws<ArgumentException>(
            () => density.LogDensity(new float[9 * 4], 4, new float[95 * 4], new float[4], new float[4]));
        Assert.Contains("380 floats, expected 4 rows of 96", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<ArgumentException>(() => density.LogDensity(new float[8 * 4], 4, new float[96 * 4], new float[4], new float[4]));
        Assert.Contains("32 floats, expected 9 rows of 4 lanes", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Random parameters, and fields with steps as sharp as a clustering radius makes them.</summary>
    private sealed class Batch
    {
        public Batch(CircularDensity density, int lanes)
        {
            (Density, Lanes) = (density, lanes);
            var random = new PhiloxStream(7, (ulong)density.ParameterCount);
            float Next(float span) => span * ((2 * random.NextFloat()) - 1);
            Theta = [.. Enumerable.Range(0, density.ParameterCount * lanes).Select(_ => Next(1))];
            Fields = [.. Enumerable.Range(0, density.FieldCount * lanes).Select(_ => random.NextFloat() < 0.1 ? -4 : Next(0.5f))];
            Points = [.. Enumerable.Range(0, lanes).Select(lane => lane switch { 0 => 0, 1 => 1, _ => random.NextFloat() })];
        }

        public CircularDensity Density { get; }

        public int Lanes { get; }

        public float[] Theta { get; }

        public float[] Fields { get; }

        public float[] Points { get; }

        /// <summary>The density of a lane by its definition.</summary>
        public Func<double, double> Oracle(int lane, float[] theta)
        {
            var nodes = Density.Nodes;
            var values = new double[nodes];
            for (var g = 0; g < nodes; g++)
            {
                double log = Fields[(lane * Density.FieldCount) + g];
                for (var k = 0; k < Density.Fields; k++)
                {
                    var field = Fields[(lane * Density.FieldCount) + ((k + 1) * nodes) + g];
                    log += (1 + theta[((Density.Knots + k) * Lanes) + lane]) * (double)field;
                }

                for (var i = 0; i < Density.Knots; i++)
                {
                    // Periodic: the nearest image of knot i.
                    var distance = Math.Abs(((double)g / Density.NodesPerKnot) - i);
                    distance = Math.Min(distance, Density.Knots - distance);
                    log += theta[(i * Lanes) + lane] * BSpline(distance) * (Density.Knots == 4 && distance == 2 ? 2 : 1);
                }

                values[g] = Math.Exp(log);
            }

            var sum = values.Sum();
            return y =>
            {
                var cell = Math.Min((int)(y * nodes), nodes - 1);
                var t = (y * nodes) - cell;
                return (((1 - t) * values[cell]) + (t * values[(cell + 1) % nodes])) * nodes / sum;
            };
        }

        // The cardinal cubic B-spline at distance x from its centre.
        private static double BSpline(double x) =>
            x < 1 ? (2.0 / 3) - (x * x) + (x * x * x / 2) : x < 2 ? (2 - x) * (2 - x) * (2 - x) / 6 : 0;
    }
}

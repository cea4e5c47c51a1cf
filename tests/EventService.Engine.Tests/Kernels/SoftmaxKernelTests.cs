using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tests.Functions;

namespace EventService.Engine.Tests.Kernels;

[Collection(KernelSetCollection.Name)]
public sealed class SoftmaxKernelTests
{
    public static TheoryData<VectorPath> Paths() => new(Enum.GetValues<VectorPath>());

    [Theory]
    [MemberData(nameof(Paths))]
    public void Forward_EveryLaneCount_IsTheSoftmaxOfEachLane(VectorPath path)
    {
        using var forced = new ForcedPath(path);
        foreach (var lanes in (int[])[0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 35])
        {
            foreach (var rows in (int[])[1, 2, 9])
            {
                var x = Draw(rows * lanes, 30);
                var y = new float[x.Length];

                SoftmaxKernel.Forward(x, y, rows, lanes);

                for (var lane = 0; lane < lanes; lane++)
                {
                    var column = Enumerable.Range(0, rows).Select(r => (double)x[(r * lanes) + lane]).ToArray();
                    var sum = column.Sum(v => Math.Exp(v - column.Max()));
                    for (var r = 0; r < rows; r++)
                    {
                        var expected = Math.Exp(column[r] - column.Max()) / sum;

                        // The difference to the largest is rounded to 2^-24 of itself before it is exponentiated.
                        var tolerance = 5e-7 + (6e-8 * (column.Max() - column[r]));
                        Assert.Equal(expected, y[(r * lanes) + lane], tolerance * expected);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void ForwardAndBackward_EveryPath_GiveTheBitsOfTheScalarPath(VectorPath path)
    {
        const int rows = 5, lanes = 37;
        var x = Draw(rows * lanes, 8);
        x[3] = float.NegativeInfinity;
        x[4 + lanes] = float.NaN;
        x[6] = float.PositiveInfinity;
        for (var r = 0; r < rows; r++)
        {
            x[(r * lanes) + 9] = float.NegativeInfinity;
        }

        var (expectedY, expectedDx) = Run(VectorPath.Scalar, x, rows, lanes);
        var (y, dx) = Run(path, x, rows, lanes);

        Assert.All(expectedY.Zip(y), p => Assert.True(Ulp.Same(p.First, p.Second)));
        Assert.All(expectedDx.Zip(dx), p => Assert.True(Ulp.Same(p.First, p.Second)));
        Assert.Equal(0, y[3]);
        Assert.True(float.IsNaN(y[4]) && float.IsNaN(y[9]) && !float.IsNaN(y[5]));
    }

    [Fact]
    public void Backward_AgainstFiniteDifferences_Agrees()
    {
        const int rows = 4, lanes = 3;
        var x = Draw(rows * lanes, 3);
        var dy = Draw(rows * lanes, 1);
        float[] y = new float[x.Length], dx = new float[x.Length];
        SoftmaxKernel.Forward(x, y, rows, lanes);
        SoftmaxKernel.Backward(y, dy, dx, rows, lanes);

        const double h = 1e-5;
        for (var i = 0; i < x.Length; i++)
        {
            Assert.Equal((Loss(i, h) - Loss(i, -h)) / (2 * h), dx[i], 1e-6);
        }

        double Loss(int moved, double by)
        {
            var loss = 0.0;
            for (var lane = 0; lane < lanes; lane++)
            {
                var e = Enumerable.Range(0, rows)
                    .Select(r => (r * lanes) + lane)
                    .Select(i => Math.Exp(x[i] + (i == moved ? by : 0)))
                    .ToArray();
                loss += Enumerable.Range(0, rows).Sum(r => dy[(r * lanes) + lane] * e[r] / e.Sum());
            }

            return loss;
        }
    }

    private static (float[] Y, float[] Dx) Run(VectorPath path, float[] x, int rows, int lanes)
    {
        using var forced = new ForcedPath(path);
        float[] y = new float[x.Length], dx = Draw(x.Length, 1);
        SoftmaxKernel.Forward(x, y, rows, lanes);
        SoftmaxKernel.Backward(y, Draw(x.Length, 2), dx, rows, lanes);
        return (y, dx);
    }

    private static float[] Draw(int length, float scale)
    {
        var stream = new PhiloxStream(7, 7);
        var x = new float[length];
        for (var i = 0; i < length; i++)
        {
            x[i] = scale * (stream.NextFloat() - 0.5f);
        }

        return x;
    }
}

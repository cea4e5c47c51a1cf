using EventService.Engine.Kernels;
using EventService.Engine.Random;
using EventService.Engine.Tests.Functions;

namespace EventService.Engine.Tests.Kernels;

/// <summary>The spline against <see cref="SplineOracle"/>, and its lanes against each other.</summary>
[Collection(KernelSetCollection.Name)]
public sealed class RationalQuadraticSplineTests
{
    private static readonly VectorPath[] s_paths = Enum.GetValues<VectorPath>();

    public static TheoryData<int, bool> Splines() =>
        new() { { 8, false }, { 8, true }, { 16, false }, { 16, true }, { 3, false }, { 2, true }, { 1, false } };

    [Theory]
    [MemberData(nameof(Splines))]
    public void Forward_AgainstDoublePrecision_Agrees(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 2);
        float[] y = new float[batch.Lanes], ld = new float[batch.Lanes];

        batch.Spline.Forward(batch.Theta, batch.Lanes, batch.Points, y, ld);

        Assert.All(Enumerable.Range(0, batch.Lanes), lane =>
        {
            double x = batch.Points[lane], exact = batch.Oracle(lane).LogDerivative(x);

            // Knots are sums of roundings: an error of 1e-6 in x and in y.
            Assert.Equal(batch.Oracle(lane).Value(x), y[lane], 1e-6 * (1 + Math.Exp(exact)));
            Assert.Equal(exact, ld[lane], 1e-4);
        });
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void Forward_LogDerivative_IsTheSlopeOfTheValue(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 2);
        float[] y = new float[batch.Lanes], ld = new float[batch.Lanes];

        batch.Spline.Forward(batch.Theta, batch.Lanes, batch.Points, y, ld);

        const double h = 1e-6;
        Assert.All(Enumerable.Range(2, batch.Lanes - 2), lane =>   // not the two ends
        {
            var oracle = batch.Oracle(lane);
            var slope = (oracle.Value(batch.Points[lane] + h) - oracle.Value(batch.Points[lane] - h)) / (2 * h);
            Assert.Equal(Math.Log(slope), ld[lane], 2e-4);
        });
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void Inverse_AgainstDoublePrecision_Agrees(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 2);
        float[] x = new float[batch.Lanes], ld = new float[batch.Lanes];

        batch.Spline.Inverse(batch.Theta, batch.Lanes, batch.Points, x, ld);

        Assert.All(Enumerable.Range(0, batch.Lanes), lane =>
        {
            var exact = batch.Oracle(lane).Inverse(batch.Points[lane]);
            var logDerivative = batch.Oracle(lane).LogDerivative(exact);
            Assert.Equal(exact, x[lane], 1e-6 * (1 + Math.Exp(-logDerivative)));
            Assert.Equal(logDerivative, ld[lane], 2e-4);
        });
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void Inverse_OfForward_GivesThePointBack(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 2);
        float[] y = new float[batch.Lanes], x = new float[batch.Lanes], ld = new float[batch.Lanes], ldInverse = new float[batch.Lanes];

        batch.Spline.Forward(batch.Theta, batch.Lanes, batch.Points, y, ld);
        batch.Spline.Inverse(batch.Theta, batch.Lanes, y, x, ldInverse);

        // Rounding y to float alone moves x by 6e-8 / slope.
        Assert.All(Enumerable.Range(0, batch.Lanes), lane =>
        {
            Assert.Equal(batch.Points[lane], x[lane], 1e-6 * (1 + Math.Exp(-ld[lane])));
            Assert.Equal(ld[lane], ldInverse[lane], 1e-3);   // of points that differ as above, in bins down to 1e-3 wide
        });
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void ForwardAndInverse_AtZero_GiveZeroExactly(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 4);
        float[] zero = new float[batch.Lanes], y = new float[batch.Lanes], ld = new float[batch.Lanes];

        batch.Spline.Forward(batch.Theta, batch.Lanes, zero, y, ld);
        Assert.Equal(zero, y);

        batch.Spline.Inverse(batch.Theta, batch.Lanes, zero, y, ld);
        Assert.Equal(zero, y);
    }

    /// <summary>
    /// The value at 1 is Y + (H s) / s, which may round to either neighbour of 1; the greater one is no value of the spline.
    /// </summary>
    [Theory]
    [MemberData(nameof(Splines))]
    public void Forward_AtOne_IsOneOrItsLowerNeighbour(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 4);
        float[] one = new float[batch.Lanes], y = new float[batch.Lanes], ld = new float[batch.Lanes];
        Array.Fill(one, 1f);

        batch.Spline.Forward(batch.Theta, batch.Lanes, one, y, ld);

        Assert.All(y, v => Assert.InRange(v, MathF.BitDecrement(1), 1));
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void Inverse_AtOne_IsOne(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 4);
        float[] one = new float[batch.Lanes], x = new float[batch.Lanes], ld = new float[batch.Lanes];
        Array.Fill(one, 1f);

        batch.Spline.Inverse(batch.Theta, batch.Lanes, one, x, ld);

        Assert.All(Enumerable.Range(0, batch.Lanes), lane =>
        {
            Assert.InRange(x[lane], 0, 1);
            Assert.Equal(1, x[lane], 1e-6 * (1 + Math.Exp(-batch.Oracle(lane).LogDerivative(1))));
        });
    }

    /// <summary>
    /// Bins whose end slopes differ from the mean slope s by factors up to 1e5: a form of the root that subtracts loses all digits of
    /// the position in the bin. Expected by bisecting eq. 4, without any root.
    /// </summary>
    [Theory]
    [MemberData(nameof(Splines))]
    public void Inverse_InStronglyBentBins_AgreesWithBisection(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 400, 1);
        for (var i = 0; i < batch.Theta.Length; i++)
        {
            batch.Theta[i] *= i < bins * batch.Lanes ? 1 : i < 2 * bins * batch.Lanes ? 8 : 50;   // widths, heights, derivatives
        }

        // Shares of the way up a bin, most of them near its ends, where the slopes are.
        float[] y = new float[batch.Lanes], x = new float[batch.Lanes], ld = new float[batch.Lanes];
        for (var lane = 0; lane < batch.Lanes; lane++)
        {
            var knots = batch.Oracle(lane).Y;
            var share = (lane % 9) switch
            {
                0 => 1e-4,
                1 => 1e-2,
                2 => 0.1,
                3 => 0.3,
                4 => 0.5,
                5 => 0.7,
                6 => 0.9,
                7 => 0.99,
                _ => 0.9999,
            };
            var bin = lane % bins;
            y[lane] = (float)(knots[bin] + (share * (knots[bin + 1] - knots[bin])));
        }

        batch.Spline.Inverse(batch.Theta, batch.Lanes, y, x, ld);

        Assert.All(Enumerable.Range(0, batch.Lanes), lane =>
        {
            var oracle = batch.Oracle(lane);

            // Knots are sums of roundings: what lies within 1e-6 of the value is as right as the point itself.
            double above = oracle.Bisect(Math.Min(y[lane] + 1e-6, 1)), below = oracle.Bisect(Math.Max(y[lane] - 1e-6, 0));
            Assert.InRange(x[lane], below - 1e-6, above + 1e-6);
        });
    }

    /// <summary>The first bin, of height 1e-4: there is no rounding of knots in the way, and its right end has a slope of 50.</summary>
    [Fact]
    public void Inverse_BeforeASteepKnot_IsExactToFloat()
    {
        var spline = new RationalQuadraticSpline(2, false);
        const int lanes = 99;
        var batch = new Batch(spline, lanes, 0);
        float[] y = new float[lanes], x = new float[lanes], ld = new float[lanes];
        for (var lane = 0; lane < lanes; lane++)
        {
            (batch.Theta[(2 * lanes) + lane], batch.Theta[(3 * lanes) + lane]) = (-20, 20);
            (batch.Theta[(4 * lanes) + lane], batch.Theta[(5 * lanes) + lane]) = (-20, 50);
            y[lane] = (float)(batch.Oracle(lane).Y[1] * (lane + 1) / 100);
        }

        foreach (var path in s_paths)
        {
            using var forced = new ForcedPath(path);
            spline.Inverse(batch.Theta, lanes, y, x, ld);
            for (var lane = 0; lane < lanes; lane++)
            {
                Assert.Equal(batch.Oracle(lane).Bisect(y[lane]), x[lane], 1e-6);
            }
        }
    }

    [Fact]
    public void Forward_Circular_HasTheSameDensityOnBothSidesOfTheSeam()
    {
        var batch = new Batch(new(8, true), 300, 4);
        float[] one = new float[batch.Lanes], y = new float[batch.Lanes], ldZero = new float[batch.Lanes], ldOne = new float[batch.Lanes];
        Array.Fill(one, 1f);

        batch.Spline.Forward(batch.Theta, batch.Lanes, new float[batch.Lanes], y, ldZero);
        batch.Spline.Forward(batch.Theta, batch.Lanes, one, y, ldOne);

        Assert.Equal(ldZero, ldOne);   // to the bit: both are the logarithm of the same knot's derivative
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void EveryDirection_OutsideTheInterval_IsThatOfTheNearestEnd(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 8, 2);
        (float Inside, float[] Outside)[] cases =
        [
            (0, [-0f, -1e-30f, -0.5f, -7, float.NegativeInfinity]),
            (1, [1.0000001f, 1.5f, 1e30f, float.PositiveInfinity]),
        ];
        foreach (var (inside, outside) in cases)
        {
            foreach (var point in outside)
            {
                float[] ends = new float[8], points = new float[8];
                Array.Fill(ends, inside);
                Array.Fill(points, point);
                foreach (var path in s_paths)
                {
                    AssertSame(batch.All(path, ends), batch.All(path, points), $"{path}, {point}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void EveryDirection_ZeroParameters_IsTheIdentity(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 300, 0);
        float[] y = new float[batch.Lanes], ld = new float[batch.Lanes];

        batch.Spline.Forward(batch.Theta, batch.Lanes, batch.Points, y, ld);
        AssertIdentity();

        batch.Spline.Inverse(batch.Theta, batch.Lanes, batch.Points, y, ld);
        AssertIdentity();

        void AssertIdentity()
        {
            for (var lane = 0; lane < batch.Lanes; lane++)
            {
                Assert.Equal(batch.Points[lane], y[lane], 5e-7);
                Assert.Equal(0, ld[lane], 1e-5);   // of a slope of bins in float: widths and heights differ by roundings
            }
        }
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void LogDerivativeGradient_AgainstFiniteDifferences_Agrees(int bins, bool circular)
    {
        // Points inside the bins: at a knot the gradient jumps.
        var spline = new RationalQuadraticSpline(bins, circular);
        var batch = new Batch(spline, 40, 1.5f);
        for (var lane = 0; lane < batch.Lanes; lane++)
        {
            batch.Points[lane] = (float)batch.Oracle(lane).Within(lane % bins, 0.05 + (0.9 * lane / batch.Lanes));
        }

        float[] ld = new float[batch.Lanes], gradient = new float[batch.Theta.Length];
        float[] scale = [.. Enumerable.Range(0, batch.Lanes).Select(i => 1 - (0.06f * i))];

        spline.LogDerivativeGradient(batch.Theta, batch.Lanes, batch.Points, scale, ld, gradient);

        const double h = 1e-5;
        for (var lane = 0; lane < batch.Lanes; lane++)
        {
            Assert.Equal(batch.Oracle(lane).LogDerivative(batch.Points[lane]), ld[lane], 1e-4);
            var theta = batch.ThetaOf(lane);
            for (var j = 0; j < theta.Length; j++)
            {
                var at = theta[j];
                theta[j] = at + h;
                var above = new SplineOracle(spline, theta).LogDerivative(batch.Points[lane]);
                theta[j] = at - h;
                var below = new SplineOracle(spline, theta).LogDerivative(batch.Points[lane]);
                theta[j] = at;
                Assert.Equal(scale[lane] * (above - below) / (2 * h), gradient[(j * batch.Lanes) + lane], 2e-4);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void EveryDirection_EveryLaneCountAndPath_GivesTheBitsOfLanesAlone(int bins, bool circular)
    {
        foreach (var lanes in (int[])[0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 35])
        {
            foreach (var size in (float[])[3, 30])
            {
                var batch = new Batch(new(bins, circular), lanes, size);
                var alone = batch.Alone();
                foreach (var path in s_paths)
                {
                    AssertSame(alone, batch.All(path, batch.Points), $"{path}, {lanes} lanes");
                }
            }
        }
    }

    [Fact]
    public void EveryDirection_NaNInOtherLanes_ChangesNothing()
    {
        const int lanes = 35, lane = 20;
        var batch = new Batch(new(8, false), lanes, 3);
        foreach (var path in s_paths)
        {
            var before = batch.All(path, batch.Points);
            var theta = new float[batch.Theta.Length];
            Array.Fill(theta, float.NaN);
            for (var j = lane; j < theta.Length; j += lanes)
            {
                theta[j] = batch.Theta[j];
            }

            var after = batch.With(theta).All(path, batch.Points);
            for (var i = 0; i < before.Length; i++)
            {
                Assert.Equal(before[i][lane], after[i][lane]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void EveryDirection_AtNaN_IsNaNInThatLaneAlone(int bins, bool circular)
    {
        var batch = new Batch(new(bins, circular), 35, 3);
        float[] points = [.. batch.Points.Select((x, lane) => lane % 5 == 2 ? float.NaN : x)];
        foreach (var path in s_paths)
        {
            var before = batch.All(path, batch.Points);
            var after = batch.All(path, points);
            for (var row = 0; row < before.Length; row++)
            {
                for (var lane = 0; lane < batch.Lanes; lane++)
                {
                    if (lane % 5 != 2)
                    {
                        Assert.Equal(before[row][lane], after[row][lane]);
                    }
                    else if (row < 5)   // y, x and the log-derivatives
                    {
                        Assert.Equal(float.NaN, after[row][lane]);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Splines))]
    public void EveryDirection_ExtremeParameters_StaysFiniteAndInRange(int bins, bool circular)
    {
        var spline = new RationalQuadraticSpline(bins, circular);
        const int lanes = 97;
        var batch = new Batch(spline, lanes, 0);
        var stream = new PhiloxStream(8, 15);
        for (var i = 0; i < batch.Theta.Length; i++)
        {
            batch.Theta[i] = stream.NextFloat() < 0.5f ? -50 : 50;
        }

        foreach (var path in s_paths)
        {
            var rows = batch.All(path, batch.Points);

            Assert.All(rows, row => Assert.All(row, v => Assert.True(float.IsFinite(v), $"{v}")));
            Assert.All(rows[0].Concat(rows[2]), v => Assert.InRange(v, 0, 1));
        }
    }

    [Fact]
    public void LogDerivativeGradient_RowsFurtherApart_LeavesTheGaps()
    {
        const int lanes = 9, stride = 12;
        var spline = new RationalQuadraticSpline(4, false);
        var batch = new Batch(spline, lanes, 2);
        float[] theta = new float[spline.ParameterCount * stride], gradient = new float[theta.Length], ld = new float[lanes],
            dense = new float[batch.Theta.Length];
        float[] scale = [.. Enumerable.Repeat(1f, lanes)];
        Array.Fill(gradient, 77);
        for (var j = 0; j < spline.ParameterCount; j++)
        {
            batch.Theta.AsSpan(j * lanes, lanes).CopyTo(theta.AsSpan(j * stride));
        }

        spline.LogDerivativeGradient(theta, stride, batch.Points, scale, ld, gradient);
        spline.LogDerivativeGradient(batch.Theta, lanes, batch.Points, scale, ld, dense);

        for (var i = 0; i < gradient.Length; i++)
        {
            Assert.Equal(i % stride < lanes ? dense[(i / stride * lanes) + (i % stride)] : 77, gradient[i]);
        }
    }

    [Fact]
    public void Forward_TooFewParameters_SaysWhatItNeeds()
    {
        var e = Assert.Throws<ArgumentException>(
            () => new RationalQuadraticSpline(2, false).Forward(new float[20], 3, new float[3], new float[3], new float[3]));

        Assert.Equal("Spline parameters hold 20 floats, expected 7 rows of 3 lanes, 3 apart.", e.Message);
    }

    [Fact]
    public void EveryDirection_DestinationTooShort_SaysWhatItNeeds()
    {
        var spline = new RationalQuadraticSpline(2, false);
        float[] theta = new float[21], three = new float[3], two = new float[2];

        var e = Assert.Throws<ArgumentException>(() => spline.Forward(theta, 3, three, two, three));
        Assert.Equal("Spline has room for 2 results, expected 3, one a lane.", e.Message);
        Assert.Throws<ArgumentException>(() => spline.Inverse(theta, 3, three, three, two));
        Assert.Throws<ArgumentException>(() => spline.LogDerivativeGradient(theta, 3, three, two, three, theta));
        Assert.Throws<ArgumentException>(() => spline.LogDerivativeGradient(theta, 3, three, three, two, theta));
        Assert.Throws<ArgumentException>(() => spline.LogDerivativeGradient(theta, 3, three, three, three, new float[20]));
    }

    [Fact]
    public void EveryDirection_CircleOfOneBin_IsRefused() =>
        Assert.Throws<ArgumentException>(
            () => new RationalQuadraticSpline(1, true).Forward(new float[3], 1, new float[1], new float[1], new float[1]));

    private static void AssertSame(float[][] expected, float[][] found, string what)
    {
        for (var row = 0; row < expected.Length; row++)
        {
            for (var i = 0; i < expected[row].Length; i++)
            {
                Assert.True(
                    Ulp.Same(expected[row][i], found[row][i]),
                    $"{what}: row {row}, lane {i} is {found[row][i]:G9}, expected {expected[row][i]:G9}");
            }
        }
    }

    /// <summary>Random splines side by side; the first two points are the ends.</summary>
    private sealed class Batch
    {
        public Batch(RationalQuadraticSpline spline, int lanes, float size)
        {
            Spline = spline;
            var stream = new PhiloxStream(5, (ulong)lanes);
            Theta = new float[spline.ParameterCount * lanes];
            for (var i = 0; i < Theta.Length; i++)
            {
                Theta[i] = size * ((2 * stream.NextFloat()) - 1);
            }

            Points = new float[lanes];
            for (var i = 0; i < lanes; i++)
            {
                Points[i] = i switch { 0 => 0, 1 => 1, _ => stream.NextFloat() };
            }
        }

        public RationalQuadraticSpline Spline { get; }

        public int Lanes => Points.Length;

        public float[] Theta { get; private set; }

        public float[] Points { get; }

        public double[] ThetaOf(int lane) => [.. Enumerable.Range(0, Spline.ParameterCount).Select(j => (double)Theta[(j * Lanes) + lane])];

        public SplineOracle Oracle(int lane) => new(Spline, ThetaOf(lane));

        public Batch With(float[] theta) => new(Spline, Lanes, 0) { Theta = theta };

        /// <summary>Results of all directions: y, ld, x, ld of the inverse, ld of the gradient, and the gradient's rows.</summary>
        public float[][] All(VectorPath path, float[] points)
        {
            using var forced = new ForcedPath(path);
            return Evaluate(Theta, Lanes, points);
        }

        /// <summary>The same, one lane at a time on the scalar path.</summary>
        public float[][] Alone()
        {
            using var forced = new ForcedPath(VectorPath.Scalar);
            var rows = Enumerable.Range(0, 5 + Spline.ParameterCount).Select(_ => new float[Lanes]).ToArray();
            for (var lane = 0; lane < Lanes; lane++)
            {
                float[] theta = [.. ThetaOf(lane).Select(t => (float)t)];
                var one = Evaluate(theta, 1, [Points[lane]]);
                for (var row = 0; row < rows.Length; row++)
                {
                    rows[row][lane] = one[row][0];
                }
            }

            return rows;
        }

        private float[][] Evaluate(float[] theta, int lanes, float[] points)
        {
            float[] y = new float[lanes], ld = new float[lanes], x = new float[lanes], ldInverse = new float[lanes],
                ldGradient = new float[lanes];
            var gradient = new float[theta.Length];
            Spline.Forward(theta, lanes, points, y, ld);
            Spline.Inverse(theta, lanes, points, x, ldInverse);
            Spline.LogDerivativeGradient(theta, lanes, points, [.. Enumerable.Repeat(1.25f, lanes)], ldGradient, gradient);
            return
            [
                y,
                ld,
                x,
                ldInverse,
                ldGradient,
                .. Enumerable.Range(0, Spline.ParameterCount).Select(j => gradient.AsSpan(j * lanes, lanes).ToArray()),
            ];
        }
    }
}

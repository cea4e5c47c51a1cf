using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>The inverse spline in lanes against <see cref="SplineOracle"/>, and its lanes against each other.</summary>
[Collection(KernelSetCollection.Name)]
public sealed class SplineInverseTests
{
    private const int Lanes = 203;

    private static readonly VectorPath[] s_paths = Enum.GetValues<VectorPath>();

    public sealed record Case(int Bins, double Low, double High, bool Tails, bool Clip, double Minimum);

    public static TheoryData<Case> Cases() =>
    [
        new(8, -3, 3, true, false, 1e-3),
        new(8, -1, 4, true, true, 0),
        new(10, 0, 1, false, false, 1e-3),
        new(32, -8, 8, true, false, 1e-3),
        new(5, 2, 3, false, true, 0),
        new(5, -3, -1, true, false, 0.1),
        new(2, -1, 1, true, false, 1e-4),
        new(1, -1, 1, true, false, 0),
        new(1, -1, 1, false, false, 0.5),
        new(256, -5, 5, true, false, 1e-3),
    ];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_InsideTheInterval_AgreesWithDoublePrecision(Case c)
    {
        ArgumentNullException.ThrowIfNull(c);
        var batch = new Batch(c, 2);

        var found = batch.Run(batch.Values);

        Assert.All(Enumerable.Range(0, Lanes), lane =>
        {
            var oracle = batch.Oracle(lane);
            var u = oracle.Inverse((batch.Values[lane] - c.Low) / (c.High - c.Low));

            // The value itself is known to half a unit in its last place; ends and sizes of intervals of up to 256 bins to a few.
            var slope = Math.Exp(oracle.LogDerivative(u));
            var unit = 6e-8 * Math.Max(Math.Abs(c.Low), Math.Abs(c.High));
            Assert.Equal(c.Low + ((c.High - c.Low) * u), found[lane], 8 * unit * (1 + (1 / slope)));
        });
    }

    /// <summary>At the lower end of [0, 1] small numbers keep their digits: knots and values count from there.</summary>
    [Fact]
    public void Run_AtTheLowerEndOfTheUnitInterval_IsExactInRelativeTerms()
    {
        var batch = new Batch(new(8, 0, 1, false, false, 1e-3), 2);
        float[] values = [.. Enumerable.Range(0, Lanes).Select(lane => 1e-9f * (lane + 1))];

        var found = batch.Run(values);

        Assert.All(Enumerable.Range(0, Lanes), lane => Assert.Equal(1, found[lane] / batch.Oracle(lane).Bisect(values[lane]), 3e-6));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_OnEveryPathInAnyPlace_GivesTheSameBits(Case c)
    {
        var batch = new Batch(c, 3);
        float[] values = [.. batch.Values];
        (values[3], values[40], values[77]) = (float.NaN, 1e30f, -1e30f);
        var whole = batch.Run(values);
        foreach (var path in s_paths)
        {
            using var forced = new ForcedPath(path);
            foreach (var (first, count) in new[] { (0, Lanes), (1, 16), (5, 1), (30, 15), (150, 50) })
            {
                var y = values.AsSpan(first, count).ToArray();
                batch.Spline.Run(batch.Theta.AsSpan(first), Lanes, LanePanels.Width, y);

                Assert.Equal(whole.AsSpan(first, count).ToArray().Select(Bits), y.Select(Bits));
            }
        }
    }

    /// <summary>
    /// Parameters in the layout that the product of a <see cref="PackedMatrix"/> gives: 16 lanes of all rows, a gap, the next 16.
    /// </summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_OnPanels_GivesTheBitsOfRows(Case c)
    {
        var batch = new Batch(c, 3);
        var expected = batch.Run(batch.Values);
        int rows = batch.Spline.ParameterCount, panelStride = (rows + 3) * LanePanels.Width,
            panels = (Lanes + LanePanels.Width - 1) / LanePanels.Width;
        var theta = new float[panels * panelStride];
        Array.Fill(theta, float.NaN);
        for (var row = 0; row < rows; row++)
        {
            for (var lane = 0; lane < Lanes; lane++)
            {
                theta[(lane / LanePanels.Width * panelStride) + (row * LanePanels.Width) + (lane % LanePanels.Width)] =
                    batch.Theta[(row * Lanes) + lane];
            }
        }

        foreach (var path in s_paths)
        {
            using var forced = new ForcedPath(path);
            float[] y = [.. batch.Values];
            batch.Spline.Run(theta, LanePanels.Width, panelStride, y);

            Assert.Equal(expected.Select(Bits), y.Select(Bits));
        }
    }

    [Fact]
    public void Run_OutsideTheInterval_IsTheIdentityOrTheNearestEnd()
    {
        float[] outside = [.. Enumerable.Range(0, Lanes).Select(lane => lane % 2 == 0 ? 3.5f + lane : -3.5f - lane)];

        Assert.Equal(outside, new Batch(new(8, -3, 3, true, false, 1e-3), 2).Run(outside));
        Assert.Equal(outside.Select(v => v > 0 ? 3f : -3f), new Batch(new(8, -3, 3, false, false, 1e-3), 2).Run(outside));
    }

    [Fact]
    public void Run_AtTheEnds_GivesTheEnds()
    {
        foreach (var c in new Case[] { new(8, -3, 3, true, false, 1e-3), new(8, 0, 1, false, false, 1e-3) })
        {
            float[] ends = [.. Enumerable.Range(0, Lanes).Select(lane => (float)(lane % 2 == 0 ? c.Low : c.High))];
            Assert.All(new Batch(c, 2).Run(ends).Zip(ends), x => Assert.Equal(x.Second, x.First, 4e-6));
        }
    }

    [Fact]
    public void Run_NaN_IsNaNInThatLaneAlone()
    {
        var batch = new Batch(new(8, -3, 3, true, false, 1e-3), 2);
        var before = batch.Run(batch.Values);
        batch.Theta[(3 * Lanes) + 10] = float.NaN;
        batch.Theta[(12 * Lanes) + 11] = float.NaN;
        float[] values = [.. batch.Values];
        values[12] = float.NaN;

        var after = batch.Run(values);

        Assert.All(Enumerable.Range(0, Lanes), lane => Assert.Equal(lane is 10 or 11 or 12 ? float.NaN : before[lane], after[lane]));
    }

    [Fact]
    public void Run_ExtremeParameters_StaysInTheInterval()
    {
        var batch = new Batch(new(8, -3, 3, true, false, 0), 0);
        var stream = new PhiloxStream(8, 15);
        foreach (ref var theta in batch.Theta.AsSpan())
        {
            theta = stream.NextFloat() < 0.5f ? -50 : 50;
        }

        Assert.All(batch.Run(batch.Values), x => Assert.InRange(x, -3, 3));
    }

    [Fact]
    public void Run_TooFewParameters_SaysWhatItNeeds()
    {
        var spline = new SplineInverse(2, -1, 1, linearTails: false, 0, 0, 0, null);

        var e = Assert.Throws<ArgumentException>(() => spline.Run(new float[20], 3, LanePanels.Width, new float[3]));

        Assert.Equal("Parameters of maps hold 20 floats, expected 7 rows of 3 lanes, rows 3 and panels of 16 lanes 16 apart.", e.Message);
    }

    // One NaN is as good as another.
    private static int Bits(float x) => BitConverter.SingleToInt32Bits(float.IsNaN(x) ? float.NaN : x);

    /// <summary>Lanes of random splines with random values, a few of them at knots.</summary>
    private sealed class Batch
    {
        private const double ClipSizes = 0.3, ClipDerivatives = 0.15;
        private readonly Case _case;

        public Batch(Case c, float spread)
        {
            _case = c;
            Spline = new SplineInverse(
                c.Bins, c.Low, c.High, c.Tails, c.Minimum, c.Minimum, c.Minimum,
                c.Clip ? new SplineSoftClip(ClipSizes, ClipDerivatives) : null);
            Theta = new float[Spline.ParameterCount * Lanes];
            var random = new PhiloxStream(11, (ulong)c.Bins);
            foreach (ref var theta in Theta.AsSpan())
            {
                theta = spread * ((2 * random.NextFloat()) - 1);
            }

            Values = new float[Lanes];
            for (var lane = 0; lane < Lanes; lane++)
            {
                var share = lane % 10 == 0 ? Oracle(lane).Y[lane % (c.Bins + 1)] : random.NextDouble();
                Values[lane] = (float)(c.Low + ((c.High - c.Low) * share));
            }
        }

        public SplineInverse Spline { get; }

        public float[] Theta { get; }

        public float[] Values { get; }

        public float[] Run(float[] values)
        {
            float[] y = [.. values];
            Spline.Run(Theta, Lanes, LanePanels.Width, y);
            return y;
        }

        /// <summary>The oracle's derivatives are minimum + softplus(t + shift), with one at t = 0.</summary>
        public SplineOracle Oracle(int lane)
        {
            double minimum = _case.Minimum, shift = Math.Log(Math.Exp(1 - minimum) - 1);
            double[] theta = [.. Enumerable.Range(0, Spline.ParameterCount).Select(r => (double)Theta[(r * Lanes) + lane])];
            double[] sizes = [.. theta[..(2 * _case.Bins)].Select(a => _case.Clip ? a / (1 + (Math.Abs(a) * ClipSizes)) : a)];
            double[] inner =
            [
                .. theta[(2 * _case.Bins)..].Select(
                    a => _case.Clip ? Math.Log(Math.Exp(Math.Exp(a / (1 + (Math.Abs(a) * ClipDerivatives)))) - 1) - shift : a - shift),
            ];
            var spline = new RationalQuadraticSpline(_case.Bins, false, (float)minimum, (float)minimum, (float)minimum);
            return new SplineOracle(spline, _case.Tails ? [.. sizes, 0, .. inner, 0] : [.. sizes, .. inner]);
        }
    }
}

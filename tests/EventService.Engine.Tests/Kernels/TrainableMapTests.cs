using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Kernels;

/// <summary>
/// What all trainable maps have in common: gradients are derivatives, lanes do not see the vector width, outside the
/// interval a spline is the identity.
/// </summary>
[Collection(KernelSetCollection.Name)]
public sealed class TrainableMapTests
{
    private static readonly Dictionary<string, ITrainableMap> s_maps = new()
    {
        ["affine"] = new AffineTransform(),
        ["spline, 2 bins"] = new SplineTransform(2, 3),
        ["spline, 8 bins"] = new SplineTransform(8, 3),
        ["mixture of 1"] = new MixtureTransform(1),
        ["mixture of 5"] = new MixtureTransform(5),
    };

    public static TheoryData<string> Maps() => [.. s_maps.Keys];

    [Theory]
    [MemberData(nameof(Maps))]
    public void ForwardAndBackward_OnEveryPath_GiveTheSameBits(string name)
    {
        var map = s_maps[name];
        foreach (var lanes in new[] { 0, 1, 3, 4, 5, 8, 15, 16, 17, 33 })
        {
            var (theta, x, dy) = Draw(map, lanes);
            var expected = On(VectorPath.Scalar, map, theta, x, dy);
            foreach (var path in Enum.GetValues<VectorPath>())
            {
                Assert.Equal(expected, On(path, map, theta, x, dy));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Maps))]
    public void Backward_AgainstFiniteDifferences_Agrees(string name)
    {
        const int lanes = 40;
        const float h = 1f / 64;
        var map = s_maps[name];
        var (theta, x, dy) = Draw(map, lanes);
        var (dTheta, dx) = (new float[theta.Length], new float[lanes]);
        map.Backward(theta, lanes, x, dy, 0.7f, dx, dTheta);

        // Each lane's loss dy y + 0.7 ld depends on its own numbers only, so that one pass moves a parameter of all lanes.
        double[] LossAt(float[] parameters, float[] points)
        {
            var (y, ld) = (new float[lanes], new float[lanes]);
            map.Forward(parameters, lanes, points, y, ld);
            return [.. Enumerable.Range(0, lanes).Select(i => ((double)dy[i] * y[i]) + (0.7 * ld[i]))];
        }

        float[] Moved(float[] from, int first, float by)
        {
            var moved = (float[])from.Clone();
            for (var i = first; i < first + lanes; i++)
            {
                moved[i] += by;
            }

            return moved;
        }

        void Check(string what, float[] gradient, int first, Func<float, double[]> loss)
        {
            var (a, b, c, d) = (loss(h), loss(-h), loss(2 * h), loss(-2 * h));
            var wrong = 0;
            for (var i = 0; i < lanes; i++)
            {
                var expected = ((8 * (a[i] - b[i])) - (c[i] - d[i])) / (12 * h);
                wrong += Math.Abs(gradient[first + i] - expected) > 5e-3 * (1 + Math.Abs(expected)) ? 1 : 0;
            }

            // A lane whose point crosses a knot within the step has a kink there.
            Assert.True(wrong <= 6, $"{what}: {wrong} of {lanes} lanes");
        }

        for (var p = 0; p < map.ParameterCount; p++)
        {
            Check($"parameter {p}", dTheta, p * lanes, by => LossAt(Moved(theta, p * lanes, by), x));
        }

        Check("point", dx, 0, by => LossAt(theta, Moved(x, 0, by)));
    }

    [Theory]
    [InlineData(-3.001f)]
    [InlineData(7f)]
    public void Spline_OutsideBound_IsIdentity(float at)
    {
        var map = new SplineTransform(4, 3);
        var (theta, _, _) = Draw(map, 1);
        var (y, ld, dx, dTheta) = (new float[1], new float[1], new float[1], new float[theta.Length]);

        map.Forward(theta, 1, [at], y, ld);
        map.Backward(theta, 1, [at], [2.5f], 1, dx, dTheta);

        Assert.Equal(at, y[0]);
        Assert.Equal(0, ld[0]);
        Assert.Equal(2.5f, dx[0]);
        Assert.All(dTheta, g => Assert.Equal(0, g));
    }

    [Fact]
    public void Parameters_AllZero_AreTheIdentity()
    {
        float[] x = [-2.9f, -0.3f, 0, 1.7f], y = new float[4], ld = new float[4];
        foreach (var map in new ITrainableMap[] { new AffineTransform(), new SplineTransform(8, 3) })
        {
            map.Forward(new float[map.ParameterCount * 4], 4, x, y, ld);
            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(x[i], y[i], 2e-6f);
                Assert.Equal(0, ld[i], 2e-6f);
            }
        }
    }

    private static (float[] Theta, float[] X, float[] Dy) Draw(ITrainableMap map, int lanes)
    {
        var random = new PhiloxStream(31, (ulong)lanes);
        float[] Numbers(int count, float reach)
        {
            var numbers = new float[count];
            foreach (ref var value in numbers.AsSpan())
            {
                value = reach * ((2 * random.NextFloat()) - 1);
            }

            return numbers;
        }

        return (Numbers(map.ParameterCount * lanes, 1), Numbers(lanes, 3.3f), Numbers(lanes, 1));
    }

    private static float[] On(VectorPath path, ITrainableMap map, float[] theta, float[] x, float[] dy)
    {
        using var forced = new ForcedPath(path);
        var (y, ld, dx, dTheta) = (new float[x.Length], new float[x.Length], new float[x.Length], new float[theta.Length]);
        if (x.Length > 0)
        {
            map.Forward(theta, x.Length, x, y, ld);
            map.Backward(theta, x.Length, x, dy, 0.5f, dx, dTheta);
        }

        return [.. y, .. ld, .. dx, .. dTheta];
    }
}

using System.Runtime.Intrinsics;

using EventService.Engine.Kernels;
using EventService.Engine.Random;

namespace EventService.Engine.Tests.Functions;

/// <summary>Every vector width gives the bits of the scalar definition.</summary>
public sealed class LaneFunctionTests
{
    private static readonly float[] s_special =
    [
        0f, -0f, float.Epsilon, -float.Epsilon, 1.17549421e-38f, -1.17549421e-38f, 1.17549435e-38f, -1.17549435e-38f, 1e-30f, -1e-30f,
        0.5f, -0.5f, 1f, -1f, 0.99999994f, -0.99999994f, 1.0000001f, -1.0000001f, 2f, -2f, 10f, -10f, -10.06f, -10.1f,
        88.7f, -88.7f, 88.72283f, 88.722845f, 89f, -89f, 89.4f, 89.5f, -87.3f, -87.4f, -103.9f, -104f, -150f, 150f,
        131072f, -131072f, 131073f, 1e9f, -1e9f, float.MaxValue, float.MinValue,
        float.PositiveInfinity, float.NegativeInfinity, float.NaN, BitConverter.Int32BitsToSingle(0x7F800001),
        BitConverter.Int32BitsToSingle(-1),
    ];

    private static readonly Lazy<(float[] X, float[] Y)> s_points = new(DrawPoints);

    public static TheoryData<string, VectorPath> Cases()
    {
        var cases = new TheoryData<string, VectorPath>();
        foreach (var name in LaneFunction.All.Keys)
        {
            foreach (var path in (VectorPath[])[VectorPath.V128, VectorPath.V256, VectorPath.V512])
            {
                cases.Add(name, path);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void LaneFunction_EveryWidth_GivesTheBitsOfTheScalarDefinition(string name, VectorPath path)
    {
        // A width that is emulated, or a run with hardware intrinsics off, is slow: fewer points.
        var fast = path == VectorPath.V512 ? Vector512.IsHardwareAccelerated : Vector256.IsHardwareAccelerated;
        var (x, y) = s_points.Value;
        var length = fast ? x.Length : x.Length / 16;
        float[] expected = new float[length], found = new float[length];
        var function = LaneFunction.All[name];
        function.Run(VectorPath.Scalar, x.AsSpan(0, length), y, expected);
        function.Run(path, x.AsSpan(0, length), y, found);
        for (var i = 0; i < length; i++)
        {
            if (!Ulp.Same(expected[i], found[i]))
            {
                Assert.Fail($"{name}({x[i]:G9}, {y[i]:G9}): scalar {expected[i]:G9}, {path} {found[i]:G9}");
            }
        }
    }

    private static (float[] X, float[] Y) DrawPoints()
    {
        float[] x = new float[1 << 20], y = new float[1 << 20];
        var stream = new PhiloxStream(20240801, 0);
        for (var i = 0; i < x.Length; i++)
        {
            x[i] = Draw(ref stream, i);
            y[i] = Draw(ref stream, i / 4);
        }

        return (x, y);
    }

    /// <summary>Special values, any bits, or a number of ordinary size, in turn.</summary>
    private static float Draw(ref PhiloxStream stream, int turn) => (turn % 4) switch
    {
        0 => s_special[stream.NextBelow((uint)s_special.Length)],
        1 => BitConverter.UInt32BitsToSingle(stream.NextUInt32()),
        2 => stream.NextFloat(),
        _ => 20 * (stream.NextFloat() - 0.5f),
    };
}

using System.Runtime.Intrinsics;

using EventService.Numerics.Functions;
using EventService.Numerics.Simd;

namespace EventService.Engine.Kernels;

/// <summary>
/// A density on the circle without a seam, measured in turns y in [0, 1): its logarithm is given at equidistant nodes as
/// a smooth function of the parameters plus fixed fields of any sharpness; between the nodes the density is linear, so that its
/// normalisation and the inverse of its distribution function are exact.
/// </summary>
/// <param name="Knots">Number of knots K of a periodic cubic B-spline; one parameter each.</param>
/// <param name="NodesPerKnot">Nodes between two knots.</param>
/// <param name="Fields">Number of fields with an exponent of their own; one parameter each.</param>
/// <remarks>
/// log f_g = F_0g + sum_k (1 + theta_(K+k)) F_kg + sum_i B(g / NodesPerKnot - i) theta_i for node g of G;
/// p(y) = ((1 - t) f_c + t f_(c+1)) / (sum f / G) where y G = c + t. Parameters of zero leave the product of the fields.
/// Rows of the parameter matrix: K knots, then the exponents. Rows of the field matrix: G nodes of field 0, whose exponent is
/// 1, then G nodes of each further field. Every lane is one density at one point; lanes go through the same operations in
/// the same order on every vector path.
/// </remarks>
public readonly record struct CircularDensity(int Knots, int NodesPerKnot, int Fields)
{
    // Nodes are not lighter than exp(-60) of the heaviest: no density is zero, no logarithm infinite.
    private const float LightestNode = -60;

    /// <summary>Number of nodes G.</summary>
    public int Nodes => Knots * NodesPerKnot;

    /// <summary>Rows of the parameter matrix.</summary>
    public int ParameterCount => Knots + Fields;

    /// <summary>Rows of the field matrix.</summary>
    public int FieldRows => (Fields + 1) * Nodes;

    private enum Direction { LogDensity, Inverse, Gradient }

    /// <summary>log p(y), lane by lane.</summary>
    /// <param name="parameters">[ParameterCount, lanes].</param>
    /// <param name="fields">[FieldRows, lanes].</param>
    /// <param name="stride">Distance of parameter and field rows in floats.</param>
    /// <param name="y">Points in turns, [0, 1]; one a lane.</param>
    /// <param name="logDensity">Receives the log-densities.</param>
    public void LogDensity(ReadOnlySpan<float> parameters, ReadOnlySpan<float> fields, int stride, ReadOnlySpan<float> y, Span<float> logDensity) =>
        Dispatch(Direction.LogDensity, parameters, fields, stride, y, default, logDensity, default, default);

    /// <summary>y at which the distribution function, from 0, is u; and log p(y).</summary>
    /// <param name="parameters">[ParameterCount, lanes].</param>
    /// <param name="fields">[FieldRows, lanes].</param>
    /// <param name="stride">Distance of parameter and field rows in floats.</param>
    /// <param name="u">Values of the distribution function, [0, 1]; one a lane.</param>
    /// <param name="y">Receives the points, [0, 1).</param>
    /// <param name="logDensity">Receives the log-densities.</param>
    public void Inverse(ReadOnlySpan<float> parameters, ReadOnlySpan<float> fields, int stride, ReadOnlySpan<float> u, Span<float> y, Span<float> logDensity) =>
        Dispatch(Direction.Inverse, parameters, fields, stride, u, y, logDensity, default, default);

    /// <summary>log p(y), and the gradient of the sum over lanes of scale * log p(y) with respect to the parameters.</summary>
    /// <param name="parameters">[ParameterCount, lanes].</param>
    /// <param name="fields">[FieldRows, lanes].</param>
    /// <param name="stride">Distance of parameter, field and gradient rows in floats.</param>
    /// <param name="y">Points in turns, [0, 1]; one a lane.</param>
    /// <param name="scale">Weight of each lane in the sum.</param>
    /// <param name="logDensity">Receives the log-densities, not scaled.</param>
    /// <param name="gradient">[ParameterCount, lanes]; overwritten.</param>
    public void LogDensityGradient(ReadOnlySpan<float> parameters, ReadOnlySpan<float> fields, int stride, ReadOnlySpan<float> y, ReadOnlySpan<float> scale, Span<float> logDensity, Span<float> gradient) =>
        Dispatch(Direction.Gradient, parameters, fields, stride, y, default, logDensity, scale, gradient);

    private unsafe void Dispatch(Direction direction, ReadOnlySpan<float> parameters, ReadOnlySpan<float> fields, int stride, ReadOnlySpan<float> input, Span<float> output, Span<float> logDensity, ReadOnlySpan<float> scale, Span<float> gradient)
    {
        var lanes = input.Length;
        if (lanes == 0)
        {
            return;
        }

        if (Knots < 4 || NodesPerKnot < 1 || Fields < 0)
        {
            throw new ArgumentException($"A circular density of {Knots} knots, {NodesPerKnot} nodes a knot and {Fields} fields; expected at least 4, 1 and 0.");
        }

        void Require(string what, int length, int rows)
        {
            if (stride < lanes || length < ((long)(rows - 1) * stride) + lanes)
            {
                throw new ArgumentException($"The {what} of a circular density hold {length} floats, expected {rows} rows of {lanes} lanes, {stride} apart.");
            }
        }

        Require("parameters", parameters.Length, ParameterCount);
        Require("fields", fields.Length, FieldRows);
        if (direction == Direction.Gradient)
        {
            Require("gradients", gradient.Length, ParameterCount);
        }

        var room = Math.Min(logDensity.Length, direction switch { Direction.Gradient => scale.Length, Direction.Inverse => output.Length, _ => lanes });
        if (room < lanes)
        {
            throw new ArgumentException($"Room for {room} results of a circular density, expected {lanes}, one a lane.");
        }

        fixed (float* p = parameters, f = fields, i = input, o = output, l = logDensity, s = scale, g = gradient)
        {
            var done = KernelSet.Path switch
            {
                VectorPath.V512 => Run<Simd512, Vector512<float>, Vector512<int>>(direction, p, f, stride, i, o, l, s, g, 0, lanes),
                VectorPath.V256 => Run<Simd256, Vector256<float>, Vector256<int>>(direction, p, f, stride, i, o, l, s, g, 0, lanes),
                VectorPath.V128 => Run<Simd128, Vector128<float>, Vector128<int>>(direction, p, f, stride, i, o, l, s, g, 0, lanes),
                _ => 0,
            };
            Run<Simd1, float, int>(direction, p, f, stride, i, o, l, s, g, done, lanes);
        }
    }

    private unsafe int Run<S, V, I>(Direction direction, float* parameters, float* fields, int stride, float* input, float* output, float* logDensity, float* scale, float* gradient, int start, int lanes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var nodes = stackalloc V[Nodes];
        var sums = stackalloc float[S.Width];
        var lane = start;
        for (; lane + S.Width <= lanes; lane += S.Width)
        {
            S.Store(Fill<S, V, I>(parameters + lane, fields + lane, stride, nodes), ref sums[0]);
            for (var k = 0; k < S.Width; k++)
            {
                var values = (float*)nodes + k;
                if (direction == Direction.Inverse)
                {
                    (output[lane + k], logDensity[lane + k]) = Invert(values, S.Width, sums[k], input[lane + k]);
                }
                else
                {
                    logDensity[lane + k] = At(values, S.Width, sums[k], input[lane + k], out _, out _, out _);
                }
            }

            if (direction == Direction.Gradient)
            {
                Backward<S, V, I>(nodes, sums, fields + lane, stride, input + lane, scale + lane, gradient + lane);
            }
        }

        return lane;
    }

    /// <summary>The densities at the nodes, not normalised, and their sum.</summary>
    private unsafe V Fill<S, V, I>(float* parameters, float* fields, int stride, V* nodes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var greatest = S.Broadcast(float.MinValue);
        for (var r = 0; r < NodesPerKnot; r++)
        {
            var (b0, b1, b2, b3) = Basis((float)r / NodesPerKnot);
            V w0 = S.Broadcast(b0), w1 = S.Broadcast(b1), w2 = S.Broadcast(b2), w3 = S.Broadcast(b3);
            for (var k = 0; k < Knots; k++)
            {
                var g = (k * NodesPerKnot) + r;
                var log = S.Fma(w0, S.Load(in parameters[Row(k - 1, stride)]), S.Load(in fields[(long)g * stride]));
                log = S.Fma(w1, S.Load(in parameters[(long)k * stride]), log);
                log = S.Fma(w2, S.Load(in parameters[Row(k + 1, stride)]), log);
                log = S.Fma(w3, S.Load(in parameters[Row(k + 2, stride)]), log);
                for (var field = 1; field <= Fields; field++)
                {
                    var exponent = S.Add(S.Broadcast(1), S.Load(in parameters[(long)(Knots + field - 1) * stride]));
                    log = S.Fma(exponent, S.Load(in fields[(long)((field * Nodes) + g) * stride]), log);
                }

                nodes[g] = log;
                greatest = S.Max(log, greatest);
            }
        }

        var sum = S.Broadcast(0);
        for (var g = 0; g < Nodes; g++)
        {
            nodes[g] = Exp.Of<S, V, I>(S.Max(S.Subtract(nodes[g], greatest), S.Broadcast(LightestNode)));
            sum = S.Add(sum, nodes[g]);
        }

        return sum;
    }

    private long Row(int knot, int stride) => (long)(knot < 0 ? knot + Knots : knot >= Knots ? knot - Knots : knot) * stride;

    /// <summary>Weights of knots k - 1 to k + 2 at position t behind knot k.</summary>
    private static (float B0, float B1, float B2, float B3) Basis(float t)
    {
        var rest = 1 - t;
        return (rest * rest * rest / 6, ((3 * t * t * t) - (6 * t * t) + 4) / 6, ((3 * rest * rest * rest) - (6 * rest * rest) + 4) / 6, t * t * t / 6);
    }

    private unsafe float At(float* values, int step, float sum, float y, out int cell, out double t, out double density)
    {
        var at = Math.Clamp(y, 0d, 1d) * Nodes;
        cell = Math.Min((int)at, Nodes - 1);
        t = at - cell;
        var next = cell + 1 == Nodes ? 0 : cell + 1;
        density = ((1 - t) * values[cell * step]) + (t * values[next * step]);
        return (float)Log.Of(density * Nodes / sum);
    }

    private unsafe (float Y, float LogDensity) Invert(float* values, int step, float sum, float u)
    {
        // The trapezoids from node to node add up to the sum of the nodes.
        double rest = Math.Clamp(u, 0d, 1d) * sum;
        var cell = 0;
        double left = values[0], right = values[step];
        while (cell + 1 < Nodes && rest >= 0.5 * (left + right))
        {
            rest -= 0.5 * (left + right);
            cell++;
            left = right;
            right = values[(cell + 1 == Nodes ? 0 : cell + 1) * step];
        }

        // left t + (right - left) t^2 / 2 = rest, by the stable root.
        var root = Math.Sqrt(Math.Max((left * left) + (2 * (right - left) * rest), 0));
        var t = rest > 0 ? Math.Min(2 * rest / (left + root), 1) : 0;
        var y = Math.Min((float)((cell + t) / Nodes), MathF.BitDecrement(1));
        return (y, (float)Log.Of((left + ((right - left) * t)) * Nodes / sum));
    }

    private unsafe void Backward<S, V, I>(V* nodes, float* sums, float* fields, int stride, float* y, float* scale, float* gradient)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        // d log p / d log f_g = [g = c] (1 - t) f_c / f + [g = c + 1] t f_(c+1) / f - f_g / sum.
        var values = (float*)nodes;
        var near = stackalloc float[2 * S.Width];
        var cells = stackalloc int[S.Width];
        for (var k = 0; k < S.Width; k++)
        {
            At(values + k, S.Width, sums[k], y[k], out cells[k], out var t, out var density);
            var next = cells[k] + 1 == Nodes ? 0 : cells[k] + 1;
            near[2 * k] = (float)((1 - t) * values[(cells[k] * S.Width) + k] / density) * scale[k];
            near[(2 * k) + 1] = (float)(t * values[(next * S.Width) + k] / density) * scale[k];
        }

        var share = S.Negate(S.Divide(S.Load(in scale[0]), S.Load(in sums[0])));
        for (var g = 0; g < Nodes; g++)
        {
            nodes[g] = S.Multiply(nodes[g], share);
        }

        for (var k = 0; k < S.Width; k++)
        {
            var next = cells[k] + 1 == Nodes ? 0 : cells[k] + 1;
            values[(cells[k] * S.Width) + k] += near[2 * k];
            values[(next * S.Width) + k] += near[(2 * k) + 1];
        }

        var knots = stackalloc V[Knots];
        for (var k = 0; k < Knots; k++)
        {
            knots[k] = S.Broadcast(0);
        }

        for (var r = 0; r < NodesPerKnot; r++)
        {
            var (b0, b1, b2, b3) = Basis((float)r / NodesPerKnot);
            V w0 = S.Broadcast(b0), w1 = S.Broadcast(b1), w2 = S.Broadcast(b2), w3 = S.Broadcast(b3);
            for (var k = 0; k < Knots; k++)
            {
                var d = nodes[(k * NodesPerKnot) + r];
                int before = k == 0 ? Knots - 1 : k - 1, after = k + 1 >= Knots ? 0 : k + 1, second = k + 2 >= Knots ? k + 2 - Knots : k + 2;
                knots[before] = S.Fma(w0, d, knots[before]);
                knots[k] = S.Fma(w1, d, knots[k]);
                knots[after] = S.Fma(w2, d, knots[after]);
                knots[second] = S.Fma(w3, d, knots[second]);
            }
        }

        for (var k = 0; k < Knots; k++)
        {
            S.Store(knots[k], ref gradient[(long)k * stride]);
        }

        for (var field = 1; field <= Fields; field++)
        {
            var sum = S.Broadcast(0);
            for (var g = 0; g < Nodes; g++)
            {
                sum = S.Fma(nodes[g], S.Load(in fields[(long)((field * Nodes) + g) * stride]), sum);
            }

            S.Store(sum, ref gradient[(long)(Knots + field - 1) * stride]);
        }
    }
}

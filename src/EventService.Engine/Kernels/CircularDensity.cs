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
/// log f_g = F_0g + sum_i B(g / NodesPerKnot - i) theta_i + sum_k (1 + theta_(K+k)) F_kg for node g of G; p(y) = ((1 - t) f_c + t f_(c+1))
/// / (sum f / G) where y G = c + t. Parameters of zero leave the product of the fields. Rows of the parameter matrix: K knots, then the
/// exponents; one column a lane. A lane's fields are one row: G nodes of field 0, whose exponent is 1, then G nodes of each further
/// field. Every lane is one density at one point. Vectors run along the nodes; sums over nodes are kept in eight parts, node g in part g
/// mod 8, so that they are equal to the bit on every vector path.
/// </remarks>
public readonly record struct CircularDensity(int Knots, int NodesPerKnot, int Fields)
{
    // No node is lighter than exp(-60) of the heaviest, so that no density is zero and no logarithm infinite.
    private const float LightestNode = -60;

    // Parts of a sum; the lanes of the widest vectors that are used.
    private const int Parts = 8;

    // Knots behind and before a node that its spline depends on.
    private const int Basis = 4;

    /// <summary>Number of nodes G.</summary>
    public int Nodes => Knots * NodesPerKnot;

    /// <summary>Rows of the parameter matrix.</summary>
    public int ParameterCount => Knots + Fields;

    /// <summary>Numbers in a lane's row of fields.</summary>
    public int FieldCount => (Fields + 1) * Nodes;

    private enum Direction { LogDensity, Inverse, Gradient }

    /// <summary>log p(y), lane by lane.</summary>
    /// <param name="parameters">[ParameterCount, lanes].</param>
    /// <param name="stride">Distance of parameter rows in floats.</param>
    /// <param name="fields">[lanes, FieldCount].</param>
    /// <param name="y">Points in turns, [0, 1]; one a lane.</param>
    /// <param name="logDensity">Receives the log-densities.</param>
    public void LogDensity(
        ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> fields, ReadOnlySpan<float> y, Span<float> logDensity) =>
        Dispatch(Direction.LogDensity, parameters, stride, fields, y, default, logDensity, default, default);

    /// <summary>y at which the distribution function, from 0, is u; and log p(y).</summary>
    /// <param name="parameters">[ParameterCount, lanes].</param>
    /// <param name="stride">Distance of parameter rows in floats.</param>
    /// <param name="fields">[lanes, FieldCount].</param>
    /// <param name="u">Values of the distribution function, [0, 1]; one a lane.</param>
    /// <param name="y">Receives the points, [0, 1).</param>
    /// <param name="logDensity">Receives the log-densities; empty to leave them out.</param>
    public void Inverse(
        ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> fields, ReadOnlySpan<float> u, Span<float> y,
        Span<float> logDensity) =>
        Dispatch(Direction.Inverse, parameters, stride, fields, u, y, logDensity, default, default);

    /// <summary>log p(y), and the gradient of the sum over lanes of scale * log p(y) with respect to the parameters.</summary>
    /// <param name="parameters">[ParameterCount, lanes].</param>
    /// <param name="stride">Distance of parameter and gradient rows in floats.</param>
    /// <param name="fields">[lanes, FieldCount].</param>
    /// <param name="y">Points in turns, [0, 1]; one a lane.</param>
    /// <param name="scale">Weight of each lane in the sum.</param>
    /// <param name="logDensity">Receives the log-densities, not scaled.</param>
    /// <param name="gradient">[ParameterCount, lanes]; overwritten.</param>
    public void LogDensityGradient(
        ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> fields, ReadOnlySpan<float> y, ReadOnlySpan<float> scale,
        Span<float> logDensity, Span<float> gradient) =>
        Dispatch(Direction.Gradient, parameters, stride, fields, y, default, logDensity, scale, gradient);

    private unsafe void Dispatch(
        Direction direction, ReadOnlySpan<float> parameters, int stride, ReadOnlySpan<float> fields, ReadOnlySpan<float> input,
        Span<float> output, Span<float> logDensity, ReadOnlySpan<float> scale, Span<float> gradient)
    {
        var lanes = input.Length;
        if (lanes == 0)
        {
            return;
        }

        if (Knots < 4 || NodesPerKnot < 1 || Fields < 0)
        {
            throw new ArgumentException(
                $"A circular density of {Knots} knots, {NodesPerKnot} nodes a knot and {Fields} fields; expected at least 4, 1 and 0.");
        }

        if (fields.Length < (long)lanes * FieldCount)
        {
            throw new ArgumentException(
                $"The fields of a circular density hold {fields.Length} floats, expected {lanes} rows of {FieldCount}, one a lane.");
        }

        Require("parameters", parameters.Length, stride, lanes);
        if (direction == Direction.Gradient)
        {
            Require("gradients", gradient.Length, stride, lanes);
        }

        var leftOut = direction == Direction.Inverse && logDensity.IsEmpty;
        var room = Math.Min(
            leftOut ? lanes : logDensity.Length,
            direction switch { Direction.Gradient => scale.Length, Direction.Inverse => output.Length, _ => lanes });
        if (room < lanes)
        {
            throw new ArgumentException($"Room for {room} results of a circular density, expected {lanes}, one a lane.");
        }

        fixed (float* p = parameters, f = fields, i = input, o = output, l = logDensity, s = scale, g = gradient)
        {
            switch (KernelSet.Path)
            {
                case VectorPath.V512 or VectorPath.V256:
                    Run<Simd256, Vector256<float>, Vector256<int>>(direction, p, stride, f, i, o, l, s, g, lanes);
                    break;
                case VectorPath.V128: Run<Simd128, Vector128<float>, Vector128<int>>(direction, p, stride, f, i, o, l, s, g, lanes); break;
                default: Run<Simd1, float, int>(direction, p, stride, f, i, o, l, s, g, lanes); break;
            }
        }
    }

    private void Require(string what, int length, int stride, int lanes)
    {
        if (stride < lanes || length < ((long)(ParameterCount - 1) * stride) + lanes)
        {
            throw new ArgumentException(
                $"The {what} of a circular density hold {length} floats, expected {ParameterCount} rows of {lanes} lanes, {stride} apart.");
        }
    }

    private unsafe void Run<S, V, I>(
        Direction direction, float* parameters, int stride, float* fields, float* input, float* output, float* logDensity, float* scale,
        float* gradient, int lanes)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var weights = stackalloc float[Basis * Nodes];
        FillBasis(weights);
        var nodes = stackalloc float[Nodes];
        var parts = stackalloc float[Parts];

        // Knots -1 to K + 1, so that none has to be looked up around the circle, each once for every node behind it; then the exponents.
        var theta = stackalloc float[((Knots + Basis - 1) * NodesPerKnot) + Fields];
        var exponents = theta + ((Knots + Basis - 1) * NodesPerKnot);
        for (var lane = 0; lane < lanes; lane++)
        {
            var column = parameters + lane;
            for (int k = -1, g = 0; k < Knots + Basis - 2; k++)
            {
                var knot = column[(long)(k < 0 ? Knots - 1 : k < Knots ? k : k - Knots) * stride];
                for (var i = 0; i < NodesPerKnot; i++)
                {
                    theta[g++] = knot;
                }
            }

            for (var k = 0; k < Fields; k++)
            {
                exponents[k] = 1 + column[(long)(Knots + k) * stride];
            }

            var row = fields + ((long)lane * FieldCount);
            Fill(parts, float.MinValue);
            var done = AddLogarithms<S, V, I>(weights, theta, exponents, row, nodes, 0, parts);
            AddLogarithms<Simd1, float, int>(weights, theta, exponents, row, nodes, done, parts);
            var sum = Exponentiate<S, V, I>(nodes, parts);
            if (direction == Direction.Inverse)
            {
                (output[lane], var density) = Invert(nodes, sum, input[lane]);
                if (logDensity != null)
                {
                    logDensity[lane] = (float)Log.Of(density);
                }
            }
            else
            {
                logDensity[lane] = At(nodes, sum, input[lane], out var cell, out var t, out var density);
                if (direction == Direction.Gradient)
                {
                    Backward<S, V, I>(nodes, sum, row, weights, cell, t, density, scale[lane], gradient + lane, stride);
                }
            }
        }
    }

    /// <summary>
    /// Weights of the four knots around each node: those of the first of the four for all nodes, then those of the second, ...
    /// </summary>
    private unsafe void FillBasis(float* weights)
    {
        for (var g = 0; g < Nodes; g++)
        {
            var t = (float)(g % NodesPerKnot) / NodesPerKnot;
            var rest = 1 - t;
            weights[g] = rest * rest * rest / 6;
            weights[Nodes + g] = ((3 * t * t * t) - (6 * t * t) + 4) / 6;
            weights[(2 * Nodes) + g] = ((3 * rest * rest * rest) - (6 * rest * rest) + 4) / 6;
            weights[(3 * Nodes) + g] = t * t * t / 6;
        }
    }

    /// <summary>
    /// log f at the nodes from g on, as long as whole vectors remain, and its maximum in parts; returns the first node not done.
    /// </summary>
    private unsafe int AddLogarithms<S, V, I>(
        float* weights, float* theta, float* exponents, float* fields, float* nodes, int g, float* greatest)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        for (; g + S.Width <= Nodes; g += S.Width)
        {
            var log = S.Load(in fields[g]);
            for (var b = 0; b < Basis; b++)
            {
                log = S.Fma(S.Load(in weights[(b * Nodes) + g]), S.Load(in theta[(b * NodesPerKnot) + g]), log);
            }

            for (var k = 0; k < Fields; k++)
            {
                log = S.Fma(S.Broadcast(exponents[k]), S.Load(in fields[((k + 1) * Nodes) + g]), log);
            }

            S.Store(log, ref nodes[g]);
            S.Store(S.Max(log, S.Load(in greatest[g % Parts])), ref greatest[g % Parts]);
        }

        return g;
    }

    /// <summary>Turns logarithms, of which the greatest stands in the parts, into densities, not normalised; gives their sum.</summary>
    private unsafe float Exponentiate<S, V, I>(float* nodes, float* parts)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var greatest = parts[0];
        for (var k = 1; k < Parts; k++)
        {
            greatest = Math.Max(greatest, parts[k]);
        }

        Fill(parts, 0);
        var done = Exponentiate<S, V, I>(nodes, greatest, parts, 0);
        Exponentiate<Simd1, float, int>(nodes, greatest, parts, done);
        return Sum(parts);
    }

    private unsafe int Exponentiate<S, V, I>(float* nodes, float greatest, float* parts, int g)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        var most = S.Broadcast(greatest);
        for (; g + S.Width <= Nodes; g += S.Width)
        {
            var f = Exp.Bounded<S, V, I>(S.Max(S.Subtract(S.Load(in nodes[g]), most), S.Broadcast(LightestNode)));
            S.Store(f, ref nodes[g]);
            ref var part = ref parts[g % Parts];
            S.Store(S.Add(S.Load(in part), f), ref part);
        }

        return g;
    }

    private static unsafe float Sum(float* parts) =>
        ((parts[0] + parts[4]) + (parts[2] + parts[6])) + ((parts[1] + parts[5]) + (parts[3] + parts[7]));

    private static unsafe void Fill(float* parts, float value)
    {
        for (var k = 0; k < Parts; k++)
        {
            parts[k] = value;
        }
    }

    private unsafe float At(float* nodes, float sum, float y, out int cell, out double t, out double density)
    {
        var at = Math.Clamp(y, 0d, 1d) * Nodes;
        cell = Math.Min((int)at, Nodes - 1);
        t = at - cell;
        density = ((1 - t) * nodes[cell]) + (t * nodes[After(cell)]);
        return (float)Log.Of(density * Nodes / sum);
    }

    private int After(int node) => node + 1 == Nodes ? 0 : node + 1;

    private unsafe (float Y, double Density) Invert(float* nodes, float sum, float u)
    {
        // The trapezoids from node to node add up to the sum of the nodes.
        double rest = Math.Clamp(u, 0d, 1d) * sum;
        var cell = 0;
        double left = nodes[0], right = nodes[1];
        while (cell + 1 < Nodes && rest >= 0.5 * (left + right))
        {
            rest -= 0.5 * (left + right);
            cell++;
            left = right;
            right = nodes[After(cell)];
        }

        // left t + (right - left) t^2 / 2 = rest, by the stable root.
        var root = Math.Sqrt(Math.Max((left * left) + (2 * (right - left) * rest), 0));
        var t = rest > 0 ? Math.Min(2 * rest / (left + root), 1) : 0;
        var y = Math.Min((float)((cell + t) / Nodes), MathF.BitDecrement(1));
        return (y, (left + ((right - left) * t)) * Nodes / sum);
    }

    private unsafe void Backward<S, V, I>(
        float* nodes, float sum, float* fields, float* weights, int cell, double t, double density, float scale, float* gradient,
        int stride)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        // d log p / d log f_g = [g = c] (1 - t) f_c / f + [g = c + 1] t f_(c+1) / f - f_g / sum.
        var next = After(cell);
        var atCell = (float)((1 - t) * nodes[cell] / density) * scale;
        var atNext = (float)(t * nodes[next] / density) * scale;
        var done = Multiply<S, V, I>(nodes, -(scale / sum), 0);
        Multiply<Simd1, float, int>(nodes, -(scale / sum), done);
        nodes[cell] += atCell;
        nodes[next] += atNext;

        // In knots -1 to K + 1, of which the outer ones are the first and the last ones again.
        var knots = stackalloc float[(Knots + Basis - 1) * Parts];
        for (var k = 0; k < Knots + Basis - 1; k++)
        {
            Fill(knots + (k * Parts), 0);
        }

        for (var k = 0; k < Knots; k++)
        {
            var reached = AddToKnots<S, V, I>(nodes + (k * NodesPerKnot), weights, knots + (k * Parts), 0);
            AddToKnots<Simd1, float, int>(nodes + (k * NodesPerKnot), weights, knots + (k * Parts), reached);
        }

        for (var k = 0; k < Knots; k++)
        {
            var total = Sum(knots + ((k + 1) * Parts));
            total += k == Knots - 1 ? Sum(knots) : 0;
            total += k < 2 ? Sum(knots + ((Knots + 1 + k) * Parts)) : 0;
            gradient[(long)k * stride] = total;
        }

        var parts = stackalloc float[Parts];
        for (var k = 0; k < Fields; k++)
        {
            Fill(parts, 0);
            var reached = Dot<S, V, I>(nodes, fields + ((k + 1) * Nodes), parts, 0);
            Dot<Simd1, float, int>(nodes, fields + ((k + 1) * Nodes), parts, reached);
            gradient[(long)(Knots + k) * stride] = Sum(parts);
        }
    }

    private unsafe int Multiply<S, V, I>(float* nodes, float factor, int g)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        for (; g + S.Width <= Nodes; g += S.Width)
        {
            S.Store(S.Multiply(S.Load(in nodes[g]), S.Broadcast(factor)), ref nodes[g]);
        }

        return g;
    }

    /// <summary>Adds the gradients of the nodes behind a knot to those of the four knots around.</summary>
    private unsafe int AddToKnots<S, V, I>(float* nodes, float* weights, float* knots, int i)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        for (; i + S.Width <= NodesPerKnot; i += S.Width)
        {
            var d = S.Load(in nodes[i]);
            for (var b = 0; b < Basis; b++)
            {
                ref var part = ref knots[(b * Parts) + (i % Parts)];
                S.Store(S.Fma(S.Load(in weights[(b * Nodes) + i]), d, S.Load(in part)), ref part);
            }
        }

        return i;
    }

    private unsafe int Dot<S, V, I>(float* nodes, float* field, float* parts, int g)
        where S : struct, ISimd<V, I>
        where V : unmanaged
        where I : struct
    {
        for (; g + S.Width <= Nodes; g += S.Width)
        {
            ref var part = ref parts[g % Parts];
            S.Store(S.Fma(S.Load(in nodes[g]), S.Load(in field[g]), S.Load(in part)), ref part);
        }

        return g;
    }
}

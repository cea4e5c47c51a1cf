using System.Numerics.Tensors;

namespace EventService.Generation.Architectures.Flows.Continuous;

/// <summary>Paths by equal midpoint steps, x' = x + h v(x + h/2 v(x, s), s + h/2); see <see cref="OdeMethod.Midpoint"/>.</summary>
internal static unsafe class MidpointPath
{
    private const int Lanes = PackedNetwork.Lanes;
    private const int Stride = FlowLayer.Stride;

    // Numbers of buffers in the scratch.
    private const int State = 8, Input = 9, Context = 58, Point = 57, End = 56, Velocity = 55, Matrix = 54, FirstJacobian = 53, Residual = 52;

    /// <summary>Moves events along the path, in float32.</summary>
    /// <param name="field">v.</param>
    /// <param name="legs">The path.</param>
    /// <param name="stepsOfALeg">Steps of a whole leg.</param>
    /// <param name="y">[D, lanes], rows <see cref="FlowLayer.SamplingStride"/> apart, replaced.</param>
    /// <param name="lanes">Events.</param>
    /// <param name="scratch">Buffers for use.</param>
    public static void Follow(VelocityField field, ReadOnlySpan<PathLeg> legs, int stepsOfALeg, Span<float> y, int lanes, FlowScratch scratch)
    {
        int d = field.Features, inputs = field.Network.Inputs, panels = (lanes + Lanes - 1) / Lanes;
        float* x = scratch.Aligned(State, d * Lanes * panels), input = scratch.Aligned(Input, inputs * Lanes * panels);
        var context = scratch.Doubles(Context, field.ContextSize);
        for (var f = 0; f < d; f++)
        {
            for (var p = 0; p < panels; p++)
            {
                y.Slice((f * FlowLayer.SamplingStride) + (p * Lanes), Lanes).CopyTo(new Span<float>(x + (((p * d) + f) * Lanes), Lanes));
            }
        }

        foreach (var leg in legs)
        {
            var steps = leg.Steps(stepsOfALeg);
            var h = (leg.To - leg.From) / steps;
            for (var k = 0; k < steps; k++)
            {
                var s = leg.From + (k * h);
                field.FillContext(leg.Leg, s, context);
                FillContext(context, input, inputs, d, panels);
                for (var p = 0; p < panels; p++)
                {
                    new ReadOnlySpan<float>(x + (p * d * Lanes), d * Lanes).CopyTo(new Span<float>(input + (p * inputs * Lanes), d * Lanes));
                }

                var v = field.Packed.Evaluate(input, panels, scratch);
                field.FillContext(leg.Leg, s + (h / 2), context);
                FillContext(context, input, inputs, d, panels);
                for (var p = 0; p < panels; p++)
                {
                    Advance(x + (p * d * Lanes), v + (p * d * Lanes), (float)(h / 2), input + (p * inputs * Lanes), d);
                }

                v = field.Packed.Evaluate(input, panels, scratch);
                Advance(x, v, (float)h, x, d * panels);
            }
        }

        for (var f = 0; f < d; f++)
        {
            for (var p = 0; p < panels; p++)
            {
                new ReadOnlySpan<float>(x + (((p * d) + f) * Lanes), Lanes).CopyTo(y.Slice((f * FlowLayer.SamplingStride) + (p * Lanes), Lanes));
            }
        }
    }

    /// <summary>Moves events against the path, exactly back through every step, and adds log |det| of that, in double precision.</summary>
    /// <param name="field">v.</param>
    /// <param name="legs">The path, from the base to the data.</param>
    /// <param name="stepsOfALeg">Steps of a whole leg.</param>
    /// <param name="x">[D, lanes], rows <see cref="FlowLayer.Stride"/> apart, replaced.</param>
    /// <param name="logDensity">One number a lane, added to; NaN where a step cannot be inverted.</param>
    /// <param name="scratch">Buffers for use.</param>
    public static void Return(VelocityField field, ReadOnlySpan<PathLeg> legs, int stepsOfALeg, Span<double> x, Span<double> logDensity, FlowScratch scratch)
    {
        var group = field.Tangents.Group;
        var inversion = scratch.Inversion(field.Features, group);
        for (var first = 0; first < logDensity.Length; first += group)
        {
            var log = logDensity.Slice(first, Math.Min(group, logDensity.Length - first));
            inversion.StartPath();
            for (var l = legs.Length - 1; l >= 0; l--)
            {
                var steps = legs[l].Steps(stepsOfALeg);
                var h = (legs[l].To - legs[l].From) / steps;
                for (var k = steps - 1; k >= 0; k--)
                {
                    StepBack(field, legs[l].Leg, legs[l].From + (k * h), h, x[first..], log, inversion, scratch);
                }
            }
        }
    }

    /// <summary>x with x + h w(x) = the given end, and log |det dx / d end|.</summary>
    private static void StepBack(VelocityField field, int leg, double s, double h, Span<double> x, Span<double> log, StepInversion inversion, FlowScratch scratch)
    {
        int d = field.Features, lanes = log.Length;
        Span<double> end = scratch.Doubles(End, d * Stride), w = scratch.Doubles(Velocity, d * Stride), residual = scratch.Doubles(Residual, d);
        x[..(((d - 1) * Stride) + lanes)].CopyTo(end);

        // A midpoint step backwards is the start: off by h^3.
        StepVelocity(field, leg, s + h, -h, x, lanes, w, scratch);
        for (var k = 0; k < d * lanes; k++)
        {
            var at = ((k / lanes) * Stride) + (k % lanes);
            x[at] -= h * w[at];
        }

        inversion.StartStep();
        var open = lanes;
        for (var turn = 0; turn < StepInversion.MostTurns && open > 0; turn++)
        {
            StepVelocity(field, leg, s, h, x, lanes, w, scratch);
            for (var i = 0; i < lanes; i++)
            {
                // Events that are done stay as they are, whatever the others of the tile still need.
                if (inversion.IsDone(i))
                {
                    continue;
                }

                double size = 1;
                for (int f = 0, at = i; f < d; f++, at += Stride)
                {
                    residual[f] = end[at] - x[at] - (h * w[at]);
                    size = Math.Max(size, Math.Abs(x[at]));
                }

                open -= inversion.Advance(i, residual, size) ? 1 : 0;
                for (int f = 0, at = i; f < d; f++, at += Stride)
                {
                    x[at] += residual[f];
                }
            }
        }

        SubtractLogDeterminant(field, leg, s, h, x, log, inversion, scratch);
        for (var i = 0; i < lanes; i++)
        {
            log[i] = inversion.IsDone(i) ? log[i] : double.NaN;
        }
    }

    /// <summary>w = v(x + h/2 v(x, s), s + h/2).</summary>
    private static void StepVelocity(VelocityField field, int leg, double s, double h, ReadOnlySpan<double> x, int lanes, Span<double> w, FlowScratch scratch)
    {
        var input = scratch.Doubles(Point, field.Network.Inputs * Stride);
        FillContext(field, leg, s, lanes, input, scratch);
        CopyRows(x, Stride, input, field.Features, lanes);
        var v = field.Tangents.Evaluate(input, lanes, false, out var stride, scratch);
        FillContext(field, leg, s + (h / 2), lanes, input, scratch);
        AddRows(x, v, stride, h / 2, input, field.Features, lanes);
        CopyRows(field.Tangents.Evaluate(input, lanes, false, out stride, scratch), stride, w, field.Features, lanes);
    }

    /// <summary>Subtracts log |det(1 + h Jm (1 + h/2 J0))|, with J0 = dv/dx at (x, s) and Jm at the middle of the step.</summary>
    private static void SubtractLogDeterminant(VelocityField field, int leg, double s, double h, ReadOnlySpan<double> x, Span<double> log, StepInversion inversion, FlowScratch scratch)
    {
        int d = field.Features, lanes = log.Length;
        var input = scratch.Doubles(Point, field.Network.Inputs * Stride);
        FillContext(field, leg, s, lanes, input, scratch);
        CopyRows(x, Stride, input, d, lanes);
        var v = field.Tangents.Evaluate(input, lanes, true, out var stride, scratch);
        FillContext(field, leg, s + (h / 2), lanes, input, scratch);
        AddRows(x, v, stride, h / 2, input, d, lanes);
        var first = scratch.Doubles(FirstJacobian, d * stride);
        v[..(d * stride)].CopyTo(first);
        var middle = field.Tangents.Evaluate(input, lanes, true, out stride, scratch);

        // Row r of a result: the lanes' values of v_r, then of dv_r/dx_0, dv_r/dx_1, ...
        var work = scratch.Doubles(Matrix, 3 * d * d);
        var matrix = work[..(d * d)];
        for (var i = 0; i < lanes; i++)
        {
            for (var r = 0; r < d; r++)
            {
                for (var c = 0; c < d; c++)
                {
                    var sum = middle[(r * stride) + ((1 + c) * lanes) + i];
                    for (var k = 0; k < d; k++)
                    {
                        sum += h / 2 * middle[(r * stride) + ((1 + k) * lanes) + i] * first[(k * stride) + ((1 + c) * lanes) + i];
                    }

                    matrix[(r * d) + c] = (r == c ? 1 : 0) + (h * sum);
                }
            }

            log[i] -= inversion.LogDeterminant(i, matrix, work[(d * d)..]);
        }
    }

    private static void FillContext(VelocityField field, int leg, double s, int lanes, Span<double> input, FlowScratch scratch)
    {
        var context = scratch.Doubles(Context, field.ContextSize);
        field.FillContext(leg, s, context);
        for (var r = 0; r < context.Length; r++)
        {
            input.Slice((field.Features + r) * Stride, lanes).Fill(context[r]);
        }
    }

    private static void CopyRows(ReadOnlySpan<double> from, int stride, Span<double> to, int rows, int lanes)
    {
        for (var r = 0; r < rows; r++)
        {
            from.Slice(r * stride, lanes).CopyTo(to[(r * Stride)..]);
        }
    }

    /// <summary>to = x + h v.</summary>
    private static void AddRows(ReadOnlySpan<double> x, ReadOnlySpan<double> v, int stride, double h, Span<double> to, int rows, int lanes)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var i = 0; i < lanes; i++)
            {
                to[(r * Stride) + i] = x[(r * Stride) + i] + (h * v[(r * stride) + i]);
            }
        }
    }

    private static void FillContext(ReadOnlySpan<double> context, float* input, int inputs, int features, int panels)
    {
        for (var p = 0; p < panels; p++)
        {
            for (var r = 0; r < context.Length; r++)
            {
                new Span<float>(input + (((p * inputs) + features + r) * Lanes), Lanes).Fill((float)context[r]);
            }
        }
    }

    /// <summary>to = x + h v, of rows of 16 lanes.</summary>
    private static void Advance(float* x, float* v, float h, float* to, int rows) => TensorPrimitives.FusedMultiplyAdd(
        new ReadOnlySpan<float>(v, rows * Lanes), h, new ReadOnlySpan<float>(x, rows * Lanes), new Span<float>(to, rows * Lanes));
}

using System.Numerics.Tensors;

using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;

namespace EventService.Models.Flows.Continuous;

/// <summary>Paths by midpoint steps, x' = x + h v(x + h/2 v(x, s), s + h/2); see <see cref="OdeMethod.Midpoint"/>.</summary>
internal static unsafe class MidpointPath
{
    private const int Lanes = PackedNetwork.Lanes;
    private const int Stride = FlowLayer.Stride;

    // Numbers of buffers in the scratch.
    private const int State = 8, Input = 9, Context = 58, Point = 57, End = 56, Velocity = 55, Matrix = 54, FirstJacobian = 53, Residual = 52, Returned = 39, Length = 20;

    /// <summary>Moves events along their paths, in float32.</summary>
    /// <param name="field">v.</param>
    /// <param name="steps">The steps of each event.</param>
    /// <param name="y">[D, lanes], rows <see cref="FlowLayer.SamplingStride"/> apart, replaced.</param>
    /// <param name="lanes">Events.</param>
    /// <param name="scratch">Buffers for use.</param>
    public static void Follow(VelocityField field, MidpointSteps steps, Span<float> y, int lanes, FlowScratch scratch)
    {
        int d = field.Features, inputs = field.Network.Inputs;
        var order = steps.Order;
        var open = WithMore(steps, 0, lanes);
        var all = (open + Lanes - 1) / Lanes;
        float* x = scratch.Aligned(State, d * Lanes * all), input = scratch.Aligned(Input, inputs * Lanes * all), h = scratch.Aligned(Length, Lanes * all);
        for (var i = 0; i < all * Lanes; i++)
        {
            // Where the last panel has no event, the last event again: whatever lies there could be slow to compute with.
            var e = order[Math.Min(i, open - 1)];
            var lane = x + (i / Lanes * d * Lanes) + (i % Lanes);
            for (var f = 0; f < d; f++)
            {
                lane[f * Lanes] = y[(f * FlowLayer.SamplingStride) + e];
            }
        }

        for (var k = 0; open > 0; k++)
        {
            var panels = (open + Lanes - 1) / Lanes;
            FillContext(field, steps, k, open, half: false, input, h, scratch);
            for (var p = 0; p < panels; p++)
            {
                new ReadOnlySpan<float>(x + (p * d * Lanes), d * Lanes).CopyTo(new Span<float>(input + (p * inputs * Lanes), d * Lanes));
            }

            var v = field.Packed.Evaluate(input, panels, scratch);
            FillContext(field, steps, k, open, half: true, input, h, scratch);
            for (var p = 0; p < panels; p++)
            {
                Advance(x + (p * d * Lanes), v + (p * d * Lanes), h + (p * Lanes), input + (p * inputs * Lanes), d);
            }

            v = field.Packed.Evaluate(input, panels, scratch);
            for (var i = 0; i < open; i++)
            {
                h[i] = (float)steps[order[i], k].H;
            }

            for (var p = 0; p < panels; p++)
            {
                Advance(x + (p * d * Lanes), v + (p * d * Lanes), h + (p * Lanes), x + (p * d * Lanes), d);
            }

            // Events at the end of their paths are taken out before what goes on beside them can reach them.
            var more = WithMore(steps, k + 1, open);
            for (var i = more; i < open; i++)
            {
                var lane = x + (i / Lanes * d * Lanes) + (i % Lanes);
                for (var f = 0; f < d; f++)
                {
                    y[(f * FlowLayer.SamplingStride) + order[i]] = lane[f * Lanes];
                }
            }

            open = more;
        }
    }

    /// <summary>
    /// Moves events against their paths, exactly back through every step, and adds log |det| of that, in double precision.
    /// </summary>
    /// <param name="field">v.</param>
    /// <param name="steps">The steps of each event, from the base to the data.</param>
    /// <param name="x">[D, lanes], rows <see cref="FlowLayer.Stride"/> apart, replaced.</param>
    /// <param name="logDensity">One number a lane, added to; NaN where a step cannot be inverted.</param>
    /// <param name="scratch">Buffers for use.</param>
    public static void Return(VelocityField field, MidpointSteps steps, Span<double> x, Span<double> logDensity, FlowScratch scratch)
    {
        int d = field.Features, group = field.Tangents.Group;
        var inversion = scratch.Inversion(d, group);
        var state = scratch.Doubles(Returned, d * Stride);
        Span<double> log = stackalloc double[group];
        Span<PathStep> present = stackalloc PathStep[group];
        for (var first = 0; first < logDensity.Length; first += group)
        {
            var events = steps.Order[first..Math.Min(first + group, logDensity.Length)];
            for (var i = 0; i < events.Length; i++)
            {
                log[i] = logDensity[events[i]];
                for (var f = 0; f < d; f++)
                {
                    state[(f * Stride) + i] = x[(f * Stride) + events[i]];
                }
            }

            inversion.StartPath();
            for (var k = 1; k <= steps.CountOf(events[0]); k++)
            {
                var open = 0;
                for (; open < events.Length && steps.CountOf(events[open]) >= k; open++)
                {
                    present[open] = steps[events[open], steps.CountOf(events[open]) - k];
                }

                StepBack(field, present[..open], state, log[..open], inversion, scratch);
            }

            for (var i = 0; i < events.Length; i++)
            {
                logDensity[events[i]] = log[i];
                for (var f = 0; f < d; f++)
                {
                    x[(f * Stride) + events[i]] = state[(f * Stride) + i];
                }
            }
        }
    }

    /// <summary>How many of the first events have more steps than these.</summary>
    private static int WithMore(MidpointSteps steps, int than, int events)
    {
        while (events > 0 && steps.CountOf(steps.Order[events - 1]) <= than)
        {
            events--;
        }

        return events;
    }

    /// <summary>x with x + h w(x) = the given end, and log |det dx / d end|.</summary>
    private static void StepBack(VelocityField field, ReadOnlySpan<PathStep> steps, Span<double> x, Span<double> log, StepInversion inversion, FlowScratch scratch)
    {
        int d = field.Features, lanes = log.Length;
        Span<double> end = scratch.Doubles(End, d * Stride), w = scratch.Doubles(Velocity, d * Stride), residual = scratch.Doubles(Residual, d);
        x[..(((d - 1) * Stride) + lanes)].CopyTo(end);

        // A midpoint step backwards is the start: off by h^3.
        Span<PathStep> back = stackalloc PathStep[lanes];
        for (var i = 0; i < lanes; i++)
        {
            back[i] = new PathStep(steps[i].Leg, steps[i].S + steps[i].H, -steps[i].H);
        }

        StepVelocity(field, back, x, w, scratch);
        for (var k = 0; k < d * lanes; k++)
        {
            var at = ((k / lanes) * Stride) + (k % lanes);
            x[at] -= steps[k % lanes].H * w[at];
        }

        inversion.StartStep();
        var open = lanes;
        for (var turn = 0; turn < StepInversion.MostTurns && open > 0; turn++)
        {
            StepVelocity(field, steps, x, w, scratch);
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
                    residual[f] = end[at] - x[at] - (steps[i].H * w[at]);
                    size = Math.Max(size, Math.Abs(x[at]));
                }

                open -= inversion.Advance(i, residual, size) ? 1 : 0;
                for (int f = 0, at = i; f < d; f++, at += Stride)
                {
                    x[at] += residual[f];
                }
            }
        }

        SubtractLogDeterminant(field, steps, x, log, inversion, scratch);
        for (var i = 0; i < lanes; i++)
        {
            log[i] = inversion.IsDone(i) ? log[i] : double.NaN;
        }
    }

    /// <summary>w = v(x + h/2 v(x, s), s + h/2).</summary>
    private static void StepVelocity(VelocityField field, ReadOnlySpan<PathStep> steps, ReadOnlySpan<double> x, Span<double> w, FlowScratch scratch)
    {
        var lanes = steps.Length;
        var input = scratch.Doubles(Point, field.Network.Inputs * Stride);
        FillContext(field, steps, half: false, input, scratch);
        CopyRows(x, Stride, input, field.Features, lanes);
        var v = field.Tangents.Evaluate(input, lanes, false, out var stride, scratch);
        FillContext(field, steps, half: true, input, scratch);
        AddRows(x, v, stride, steps, input, field.Features);
        CopyRows(field.Tangents.Evaluate(input, lanes, false, out stride, scratch), stride, w, field.Features, lanes);
    }

    /// <summary>Subtracts log |det(1 + h Jm (1 + h/2 J0))|, with J0 = dv/dx at (x, s) and Jm at the middle of the step.</summary>
    private static void SubtractLogDeterminant(VelocityField field, ReadOnlySpan<PathStep> steps, ReadOnlySpan<double> x, Span<double> log, StepInversion inversion, FlowScratch scratch)
    {
        int d = field.Features, lanes = log.Length;
        var input = scratch.Doubles(Point, field.Network.Inputs * Stride);
        FillContext(field, steps, half: false, input, scratch);
        CopyRows(x, Stride, input, d, lanes);
        var v = field.Tangents.Evaluate(input, lanes, true, out var stride, scratch);
        FillContext(field, steps, half: true, input, scratch);
        AddRows(x, v, stride, steps, input, d);
        var first = scratch.Doubles(FirstJacobian, d * stride);
        v[..(d * stride)].CopyTo(first);
        var middle = field.Tangents.Evaluate(input, lanes, true, out stride, scratch);

        // Row r of a result: the lanes' values of v_r, then of dv_r/dx_0, dv_r/dx_1, ...
        var work = scratch.Doubles(Matrix, 3 * d * d);
        var matrix = work[..(d * d)];
        for (var i = 0; i < lanes; i++)
        {
            var h = steps[i].H;
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

    /// <summary>The inputs besides x of the lanes, at the start or in the middle of their steps.</summary>
    private static void FillContext(VelocityField field, ReadOnlySpan<PathStep> steps, bool half, Span<double> input, FlowScratch scratch)
    {
        var context = scratch.Doubles(Context, field.ContextSize);
        for (var i = 0; i < steps.Length; i++)
        {
            if (i == 0 || steps[i] != steps[i - 1])
            {
                field.FillContext(steps[i].Leg, half ? steps[i].S + (steps[i].H / 2) : steps[i].S, context);
            }

            for (var r = 0; r < context.Length; r++)
            {
                input[((field.Features + r) * Stride) + i] = context[r];
            }
        }
    }

    private static void CopyRows(ReadOnlySpan<double> from, int stride, Span<double> to, int rows, int lanes)
    {
        for (var r = 0; r < rows; r++)
        {
            from.Slice(r * stride, lanes).CopyTo(to[(r * Stride)..]);
        }
    }

    /// <summary>to = x + h/2 v.</summary>
    private static void AddRows(ReadOnlySpan<double> x, ReadOnlySpan<double> v, int stride, ReadOnlySpan<PathStep> steps, Span<double> to, int rows)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var i = 0; i < steps.Length; i++)
            {
                to[(r * Stride) + i] = x[(r * Stride) + i] + (steps[i].H / 2 * v[(r * stride) + i]);
            }
        }
    }

    /// <summary>
    /// The inputs besides x of the first events in their order, at the start or in the middle of step k of each, and half its length.
    /// </summary>
    private static void FillContext(VelocityField field, MidpointSteps steps, int k, int events, bool half, float* input, float* h, FlowScratch scratch)
    {
        int d = field.Features, inputs = field.Network.Inputs;
        var context = scratch.Doubles(Context, field.ContextSize);
        var last = default(PathStep);
        for (var i = 0; i < (events + Lanes - 1) / Lanes * Lanes; i++)
        {
            var step = steps[steps.Order[Math.Min(i, events - 1)], k];
            if (i == 0 || step != last)
            {
                field.FillContext(step.Leg, half ? step.S + (step.H / 2) : step.S, context);
                last = step;
            }

            h[i] = (float)(step.H / 2);
            var lane = input + (i / Lanes * inputs * Lanes) + (d * Lanes) + (i % Lanes);
            for (var r = 0; r < context.Length; r++)
            {
                lane[r * Lanes] = (float)context[r];
            }
        }
    }

    /// <summary>to = x + h v, of rows of 16 lanes.</summary>
    private static void Advance(float* x, float* v, float* h, float* to, int rows)
    {
        var lengths = new ReadOnlySpan<float>(h, Lanes);
        for (var r = 0; r < rows * Lanes; r += Lanes)
        {
            TensorPrimitives.FusedMultiplyAdd(new ReadOnlySpan<float>(v + r, Lanes), lengths, new ReadOnlySpan<float>(x + r, Lanes), new Span<float>(to + r, Lanes));
        }
    }
}

using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Networks;
using EventService.Models.Flows.Workspaces;

namespace EventService.Models.Flows.Continuous;

/// <summary>Paths by <see cref="DormandPrince"/>: see <see cref="OdeMethod.Adaptive"/>.</summary>
internal static unsafe class AdaptivePath
{
    private const int Lanes = PackedNetwork.Lanes;

    // Densities are to be right where events differ by the tolerance.
    private const double DensityTolerance = 0.01;

    // Numbers of buffers in the scratch.
    private const int State = 50, Point = 51, Context = 58, Input = 9;

    /// <summary>Moves events along the path: velocities in float32, states in double precision.</summary>
    /// <param name="field">v.</param>
    /// <param name="legs">The path, of all events.</param>
    /// <param name="tolerance">See <see cref="OdeMethod.Adaptive"/>.</param>
    /// <param name="y">[D, lanes], rows <see cref="FlowLayer.SamplingStride"/> apart, replaced.</param>
    /// <param name="lanes">Events.</param>
    /// <param name="scratch">Buffers for use.</param>
    public static void Follow(VelocityField field, ReadOnlySpan<PathLeg> legs, double tolerance, Span<float> y, int lanes, FlowScratch scratch)
    {
        var x = scratch.Doubles(State, field.Features * DormandPrince.Stride);
        for (var f = 0; f < field.Features; f++)
        {
            for (var i = 0; i < lanes; i++)
            {
                x[(f * DormandPrince.Stride) + i] = y[(f * FlowLayer.SamplingStride) + i];
            }
        }

        foreach (var leg in legs)
        {
            DormandPrince.Solve(new Velocities(field, leg.Leg), leg.From, leg.To, tolerance, x, lanes, scratch);
        }

        for (var f = 0; f < field.Features; f++)
        {
            for (var i = 0; i < lanes; i++)
            {
                y[(f * FlowLayer.SamplingStride) + i] = (float)x[(f * DormandPrince.Stride) + i];
            }
        }
    }

    /// <summary>
    /// Moves events against the path, with d log|det| / ds = div v as a further number of the state (Chen et al. 2018, arXiv:1806.07366,
    /// eq. 8), in double precision.
    /// </summary>
    /// <param name="field">v.</param>
    /// <param name="legs">The path, of all events, from the base to the data.</param>
    /// <param name="tolerance">See <see cref="OdeMethod.Adaptive"/>.</param>
    /// <param name="x">[D, lanes], rows <see cref="FlowLayer.Stride"/> apart, replaced.</param>
    /// <param name="logDensity">One number a lane, added to.</param>
    /// <param name="scratch">Buffers for use.</param>
    public static void Return(VelocityField field, ReadOnlySpan<PathLeg> legs, double tolerance, Span<double> x, Span<double> logDensity, FlowScratch scratch)
    {
        int d = field.Features, lanes = logDensity.Length;
        var state = scratch.Doubles(State, (d + 1) * DormandPrince.Stride);
        for (var f = 0; f < d; f++)
        {
            x.Slice(f * FlowLayer.Stride, lanes).CopyTo(state[(f * DormandPrince.Stride)..]);
        }

        state.Slice(d * DormandPrince.Stride, lanes).Clear();
        for (var l = legs.Length - 1; l >= 0; l--)
        {
            DormandPrince.Solve(new Divergences(field, legs[l].Leg), legs[l].To, legs[l].From, tolerance * DensityTolerance, state, lanes, scratch);
        }

        for (var i = 0; i < lanes; i++)
        {
            logDensity[i] += state[(d * DormandPrince.Stride) + i];
        }

        for (var f = 0; f < d; f++)
        {
            state.Slice(f * DormandPrince.Stride, lanes).CopyTo(x[(f * FlowLayer.Stride)..]);
        }
    }

    private readonly struct Velocities(VelocityField velocity, int leg) : IOdeSystem
    {
        public int Size => velocity.Features;

        public void Evaluate(ReadOnlySpan<double> x, ReadOnlySpan<double> s, int count, Span<double> v, FlowScratch scratch)
        {
            int d = Size, inputs = velocity.Network.Inputs, panels = (count + Lanes - 1) / Lanes;
            var input = scratch.Aligned(Input, inputs * Lanes * panels);
            var context = scratch.Doubles(Context, velocity.ContextSize);
            for (var i = 0; i < count; i++)
            {
                var lane = input + (i / Lanes * inputs * Lanes) + (i % Lanes);
                velocity.FillContext(leg, s[i], context);
                for (var r = 0; r < inputs; r++)
                {
                    lane[r * Lanes] = (float)(r < d ? x[(r * DormandPrince.Stride) + i] : context[r - d]);
                }
            }

            var result = velocity.Packed.Evaluate(input, panels, scratch);
            for (var i = 0; i < count; i++)
            {
                for (var f = 0; f < d; f++)
                {
                    v[(f * DormandPrince.Stride) + i] = result[(((i / Lanes * d) + f) * Lanes) + (i % Lanes)];
                }
            }
        }
    }

    /// <summary>v and its divergence, D tangents an evaluation.</summary>
    private readonly struct Divergences(VelocityField velocity, int leg) : IOdeSystem
    {
        public int Size => velocity.Features + 1;

        public void Evaluate(ReadOnlySpan<double> x, ReadOnlySpan<double> s, int count, Span<double> v, FlowScratch scratch)
        {
            int d = velocity.Features, inputs = velocity.Network.Inputs, group = velocity.Tangents.Group;
            var point = scratch.Doubles(Point, inputs * FlowLayer.Stride);
            var context = scratch.Doubles(Context, velocity.ContextSize);
            for (var first = 0; first < count; first += group)
            {
                var lanes = Math.Min(group, count - first);
                for (var i = 0; i < lanes; i++)
                {
                    velocity.FillContext(leg, s[first + i], context);
                    for (var r = 0; r < inputs; r++)
                    {
                        point[(r * FlowLayer.Stride) + i] = r < d ? x[(r * DormandPrince.Stride) + first + i] : context[r - d];
                    }
                }

                var result = velocity.Tangents.Evaluate(point, lanes, true, out var stride, scratch);
                for (var i = 0; i < lanes; i++)
                {
                    double divergence = 0;
                    for (var f = 0; f < d; f++)
                    {
                        v[(f * DormandPrince.Stride) + first + i] = result[(f * stride) + i];
                        divergence += result[(f * stride) + ((1 + f) * lanes) + i];
                    }

                    v[(d * DormandPrince.Stride) + first + i] = divergence;
                }
            }
        }
    }
}

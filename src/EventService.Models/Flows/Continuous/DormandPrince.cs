using EventService.Models.Flows.Layers;
using EventService.Models.Flows.Workspaces;
using EventService.Numerics.Functions;

namespace EventService.Models.Flows.Continuous;

/// <summary>A differential equation dx/ds = v(x, s) of many events at once, each at a time of its own.</summary>
internal interface IOdeSystem
{
    /// <summary>Numbers of an event's state.</summary>
    int Size { get; }

    /// <summary>v of some events.</summary>
    /// <param name="x">[Size, events], rows <see cref="DormandPrince.Stride"/> apart.</param>
    /// <param name="s">Times.</param>
    /// <param name="count">Events.</param>
    /// <param name="v">Receives [Size, events], rows as far apart.</param>
    /// <param name="scratch">Buffers for use.</param>
    void Evaluate(ReadOnlySpan<double> x, ReadOnlySpan<double> s, int count, Span<double> v, FlowScratch scratch);
}

/// <summary>
/// RK5(4)7M of J. R. Dormand and P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19, table 2, with the last stage as the next step's first.
/// The length of a step follows from the error of the event alone (Hairer, Norsett and Wanner, "Solving ordinary differential equations I",
/// eq. 4.13), so that its bits do not depend on the events beside it.
/// </summary>
internal static class DormandPrince
{
    /// <summary>Distance of rows, and most events.</summary>
    public const int Stride = FlowLayer.SamplingStride;

    // Stages are buffers 40 ... 46 of the scratch.
    private const int Stages = 7, FirstStage = 40, Trial = 47, Gathered = 48, Result = 49;
    private const int MostSteps = 10_000;
    private const double LeastStep = 1e-7;

    private static readonly double[] s_c = [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1];

    // The last row is the solution of order 5 as well.
    private static readonly double[][] s_a =
    [
        [],
        [1.0 / 5],
        [3.0 / 40, 9.0 / 40],
        [44.0 / 45, -56.0 / 15, 32.0 / 9],
        [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
        [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
    ];

    // Order 5 less order 4.
    private static readonly double[] s_error = [71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40];

    /// <summary>Moves events from one time to another; NaN where the steps become too short or too many.</summary>
    /// <param name="system">v.</param>
    /// <param name="from">Start.</param>
    /// <param name="to">End, before or behind it.</param>
    /// <param name="tolerance">Largest error of a step over 1 + |x|.</param>
    /// <param name="x">[Size, events], rows <see cref="Stride"/> apart, replaced.</param>
    /// <param name="count">Events.</param>
    /// <param name="scratch">Buffers for use.</param>
    public static void Solve<TSystem>(TSystem system, double from, double to, double tolerance, Span<double> x, int count, FlowScratch scratch)
        where TSystem : struct, IOdeSystem
    {
        Span<double> s = stackalloc double[count], h = stackalloc double[count], times = stackalloc double[count];
        Span<int> active = stackalloc int[count];
        Span<bool> rejected = stackalloc bool[count], final = stackalloc bool[count];
        s.Fill(from);
        h.Fill((to - from) / 8);
        rejected.Clear();
        final.Clear();
        for (var i = 0; i < count; i++)
        {
            active[i] = i;
        }

        Stage(system, 0, x, s, h, active, times, scratch);
        for (var step = 0; active.Length > 0; step++)
        {
            for (var stage = 1; stage < Stages; stage++)
            {
                Stage(system, stage, x, s, h, active, times, scratch);
            }

            var kept = 0;
            foreach (var i in active)
            {
                var error = Error(x, h[i], i, system.Size, tolerance, scratch);
                var factor = error > 0 ? Math.Clamp(0.9 * Exp.Of(-0.2 * Log.Of(error)), 0.2, 5) : 5;
                if (error <= 1)
                {
                    Accept(x, i, system.Size, scratch);
                    if (final[i])
                    {
                        continue;
                    }

                    s[i] += h[i];
                    h[i] *= rejected[i] ? Math.Min(factor, 1) : factor;
                    rejected[i] = false;
                }
                else
                {
                    h[i] *= double.IsNaN(error) ? 0.2 : factor;
                    rejected[i] = true;
                }

                if (Math.Abs(h[i]) < LeastStep || step >= MostSteps)
                {
                    Fail(x, i, system.Size);
                    continue;
                }

                final[i] = Math.Abs(to - s[i]) <= Math.Abs(h[i]) * 1.000001;
                h[i] = final[i] ? to - s[i] : h[i];
                active[kept++] = i;
            }

            active = active[..kept];
        }
    }

    /// <summary>One stage of the events that are not at their end: the point, into the trial, and v there.</summary>
    private static void Stage<TSystem>(TSystem system, int stage, ReadOnlySpan<double> x, ReadOnlySpan<double> s, ReadOnlySpan<double> h, ReadOnlySpan<int> active, Span<double> times, FlowScratch scratch)
        where TSystem : struct, IOdeSystem
    {
        var length = system.Size * Stride;
        Span<double> trial = scratch.Doubles(Trial, length), gathered = scratch.Doubles(Gathered, length), result = scratch.Doubles(Result, length);
        var a = s_a[stage];
        for (var r = 0; r < system.Size; r++)
        {
            x.Slice(r * Stride, s.Length).CopyTo(trial[(r * Stride)..]);
        }

        for (var j = 0; j < stage; j++)
        {
            var k = scratch.Doubles(FirstStage + j, length);
            for (var r = 0; r < system.Size; r++)
            {
                foreach (var i in active)
                {
                    trial[(r * Stride) + i] += h[i] * a[j] * k[(r * Stride) + i];
                }
            }
        }

        for (var p = 0; p < active.Length; p++)
        {
            times[p] = s[active[p]] + (s_c[stage] * h[active[p]]);
            for (var r = 0; r < system.Size; r++)
            {
                gathered[(r * Stride) + p] = trial[(r * Stride) + active[p]];
            }
        }

        system.Evaluate(gathered, times, active.Length, result, scratch);
        var v = scratch.Doubles(FirstStage + stage, length);
        for (var r = 0; r < system.Size; r++)
        {
            for (var p = 0; p < active.Length; p++)
            {
                v[(r * Stride) + active[p]] = result[(r * Stride) + p];
            }
        }
    }

    /// <summary>Largest difference of both orders, over what is allowed.</summary>
    private static double Error(ReadOnlySpan<double> x, double h, int i, int size, double tolerance, FlowScratch scratch)
    {
        var length = size * Stride;
        var trial = scratch.Doubles(Trial, length);
        double error = 0;
        for (var at = i; at < length; at += Stride)
        {
            double difference = 0;
            for (var j = 0; j < Stages; j++)
            {
                difference += s_error[j] * scratch.Doubles(FirstStage + j, length)[at];
            }

            error = Math.Max(error, Math.Abs(h * difference) / (tolerance * (1 + Math.Max(Math.Abs(x[at]), Math.Abs(trial[at])))));
        }

        return error;
    }

    private static void Accept(Span<double> x, int i, int size, FlowScratch scratch)
    {
        var length = size * Stride;
        Span<double> trial = scratch.Doubles(Trial, length), first = scratch.Doubles(FirstStage, length), last = scratch.Doubles(FirstStage + Stages - 1, length);
        for (var at = i; at < length; at += Stride)
        {
            (x[at], first[at]) = (trial[at], last[at]);
        }
    }

    private static void Fail(Span<double> x, int i, int size)
    {
        for (var at = i; at < size * Stride; at += Stride)
        {
            x[at] = double.NaN;
        }
    }
}

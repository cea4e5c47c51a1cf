using EventService.Engine.Random;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Training.ObjectFlow;

namespace EventService.Models.Tests.ObjectFlow;

/// <summary>A model that keeps too many near jets learns to keep as many as the data.</summary>
public sealed class AzimuthCalibrationTests
{
    private const double Near = 0.5, InData = 0.2, InModel = 0.6;

    private static readonly int s_table = AzimuthCorrelations.SeparationTable(ObjectFamily.Hadronic, ObjectFamily.Hadronic);

    [Fact]
    public void Run_OnAModelThatKeepsTooManyNearJets_BringsItsEventsToTheData()
    {
        var data = Draw(1, 40_000, InData, null);
        var calibrated = Calibrate(data, threads: 2);
        var table = calibrated.Tables[s_table]!;
        double Mean(double from, double to) => Enumerable.Range(0, table.LogFactor.Length).Where(k => k / 100.0 >= from && k / 100.0 <= to).Average(k => table.LogFactor[k]);

        // Where a node has few objects, those that it is taken to have besides leave a tenth of the way after so many rounds.
        Assert.Equal(Math.Log(InData / InModel), Mean(0.05, 0.22) - Mean(0.28, 0.8), 0.15);

        // Of all angles a share Near / pi is near; the data keep a fifth of those.
        const double q = Near / Math.PI, Expected = InData * q / (1 - ((1 - InData) * q));
        const int n = 40_000;
        var drawn = Draw(99, n, InModel, calibrated);
        var found = Enumerable.Range(0, n).Count(e => Distance(drawn, e) < Near) / (double)n;

        // Five standard deviations of the two samples of 40,000; without the calibration the share would be 0.10 instead of 0.036.
        Assert.Equal(Expected, found, 5 * Math.Sqrt(2 * Expected / n));
    }

    [Fact]
    public void Run_OnOtherThreads_GivesTheSameTables()
    {
        var data = Draw(1, 9_000, InData, null);
        Assert.Equal(Calibrate(data, threads: 1).Tables[s_table]!.LogFactor, Calibrate(data, threads: 3).Tables[s_table]!.LogFactor);
    }

    [Fact]
    public void Run_OfNoRounds_LeavesTheTables()
    {
        var start = Flat();
        var calibration = new AzimuthCalibration(Draw(1, 100, InData, null), [0], (_, _) => throw new InvalidOperationException("nothing is drawn"));
        Assert.Same(start, calibration.Run(start, 0, 1, 1, _ => { }));
    }

    private static AzimuthCorrelations Calibrate(EventSample data, int threads)
    {
        const int Pieces = 10, Piece = 4_000, Rounds = 8;
        var calibration = new AzimuthCalibration(data, [.. Enumerable.Range(0, data.Count)], (tables, round) => piece => Draw((ulong)(2 + piece + (Pieces * round)), Piece, InModel, tables));
        long drawn = 0;
        var result = calibration.Run(Flat(), Rounds, Pieces, threads, events => Interlocked.Add(ref drawn, events));
        Assert.Equal(Rounds * Pieces * Piece, drawn);
        return result;
    }

    private static AzimuthCorrelations Flat()
    {
        var tables = new CorrelationTable?[AzimuthCorrelations.TableCount];
        tables[s_table] = new CorrelationTable(0, 1, new double[101]);
        return new AzimuthCorrelations(tables);
    }

    /// <summary>
    /// Two jets at the same eta and azimuths that are uniform but for a share of near ones that is kept, and for the table.
    /// </summary>
    private static EventSample Draw(ulong seed, int events, double kept, AzimuthCorrelations? correlations)
    {
        var sample = new EventSample();
        var random = new PhiloxStream(seed, 0);
        var logs = correlations?.Tables[s_table]!.LogFactor;
        var greatest = logs?.Max() ?? 0;
        while (sample.Count < events)
        {
            double first = Angle(ref random), second = Angle(ref random), distance = Math.Abs(Math.IEEERemainder(first - second, 2 * Math.PI));
            var place = 100 * distance * distance;
            var log = logs is null || place >= 100 ? 0 : logs[(int)place] + ((place - (int)place) * (logs[(int)place + 1] - logs[(int)place]));
            if (random.NextDouble() < (distance < Near ? kept : 1) * Math.Exp(log - Math.Max(greatest, 0)))
            {
                sample.AddEvent(sample.Count, 1, 30, 0);
                sample.AddObject(ObjectType.Jet, 60.2, 60, 0, first);
                sample.AddObject(ObjectType.Jet, 50.2, 50, 0, second);
            }
        }

        return sample;
    }

    private static double Distance(EventSample sample, int e) =>
        Math.Abs(Math.IEEERemainder(sample.Phi[sample.Offsets[e]] - sample.Phi[sample.Offsets[e] + 1], 2 * Math.PI));

    private static double Angle(ref PhiloxStream stream) => Math.PI * ((2 * stream.NextDouble()) - 1);
}

using EventService.Engine.Kernels;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Models.Tests;
using EventService.Physics.Events;
using Xunit.Abstractions;

namespace EventService.Training.Tests.Import;

/// <summary>Imported flows against the libraries that trained them.</summary>
[Collection(KernelPaths.Name)]
public sealed class LibraryAgreementTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names() => [.. LibraryFixture.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void LogDensity_OfTheLibrarysEvents_IsItsLogProb(string name)
    {
        var fixture = new LibraryFixture(name);
        var flow = fixture.Flow();
        var events = EventSample.For(flow.Schema);
        var x = fixture.X;
        for (var k = 0; k < fixture.Count; k++)
        {
            events.AddRow(k, x.AsSpan(k * fixture.Columns, fixture.Columns));
        }

        var densities = new EventDensity[fixture.Count];
        flow.LogDensity(events, [], densities);

        var largest = fixture.LogProb.Select((p, k) => Math.Abs(densities[k].LogDensity - p) / Math.Abs(p)).Max();
        output.WriteLine($"{name}: largest relative difference of {fixture.Count} log-densities {largest:E1}");
        Assert.All(densities, d => Assert.Null(d.Reason));
        Assert.True(largest < 1e-5, $"{largest:E1}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FromBase_OfTheLibrarysDraws_IsAtMostTwiceAsFarFromItsFloat64AsItsFloat32(string name)
    {
        var fixture = new LibraryFixture(name);
        var found = new float[fixture.Base.Length];
        fixture.Flow().FromBase(fixture.Base, found);

        for (var c = 0; c < fixture.Columns; c++)
        {
            var exact = Column(fixture.Sample64, c, fixture.Columns);
            var (ours, oursMax) = Error(Column([.. found.Select(v => (double)v)], c, fixture.Columns), exact);
            var (theirs, theirsMax) = Error(Column(fixture.Sample32, c, fixture.Columns), exact);
            output.WriteLine($"{name}, column {c}: error rms {ours:E1}, largest {oursMax:E1}; the library's {theirs:E1}, {theirsMax:E1}; ratios {ours / theirs:F2}, {oursMax / theirsMax:F2}");
            Assert.True(ours <= 2 * theirs, $"column {c}: rms {ours:E1}, library {theirs:E1}");
            Assert.True(oursMax <= 2 * theirsMax, $"column {c}: largest {oursMax:E1}, library {theirsMax:E1}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Generate_OnEveryPathInAnyChunks_GivesTheSameBits(string name)
    {
        var flow = new LibraryFixture(name).Flow();
        var whole = Generate(flow, 0, 300);
        foreach (var path in Enum.GetValues<VectorPath>())
        {
            KernelPaths.On(path, () =>
            {
                Assert.Equal(whole[(17 * flow.Schema.Scalars.Count)..(150 * flow.Schema.Scalars.Count)], Generate(flow, 17, 133));
                return 0;
            });
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Generate_WithLogDensity_ReportsTheDensityOfItsEvents(string name)
    {
        var flow = new LibraryFixture(name).Flow();
        var block = new EventBlock(flow.Schema);
        var known = new double[500];
        flow.Generate(new EventStream(3, []), 0, 500, block, known);
        var events = EventSample.For(flow.Schema);
        for (var k = 0; k < block.Count; k++)
        {
            events.AddRow(k, [.. block.Scalars.Select(column => (double)column[k])]);
        }

        var densities = new EventDensity[500];
        flow.LogDensity(events, [], densities);

        Assert.Equal(known, densities.Select(d => d.LogDensity));
        Assert.All(known, d => Assert.True(double.IsFinite(d)));
    }

    private static float[] Generate(IGenerativeModel model, long first, int count)
    {
        var block = new EventBlock(model.Schema);
        model.Generate(new EventStream(42, []), first, count, block, []);
        return [.. Enumerable.Range(0, count).SelectMany(k => block.Scalars.Select(column => column[k]))];
    }

    private static double[] Column(double[] rows, int column, int columns) => [.. Enumerable.Range(0, rows.Length / columns).Select(k => rows[(k * columns) + column])];

    private static (double Rms, double Largest) Error(double[] found, double[] exact)
    {
        var errors = found.Zip(exact, (a, b) => Math.Abs(a - b)).ToArray();
        return (Math.Sqrt(errors.Average(e => e * e)), errors.Max());
    }
}

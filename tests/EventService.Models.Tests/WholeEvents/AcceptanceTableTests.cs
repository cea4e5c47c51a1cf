using EventService.Models.WholeEvents;

namespace EventService.Models.Tests.WholeEvents;

public class AcceptanceTableTests
{
    private static readonly CountVector[] s_vectors =
    [
        new([2, 2, 0, 0, 0, 0, 0]),
        new([1, 3, 0, 0, 0, 0, 0]),   // the same group: four jets, nothing else
        new([2, 2, 1, 0, 0, 0, 0]),   // four jets with a lepton
        new([0, 1, 0, 0, 0, 0, 0]),
    ];

    private static readonly AcceptanceTable s_table = new(s_vectors, [1000, 0, 200, 10], [900, 0, 150, 10]);

    [Fact]
    public void Overall_IsTheShareWithItsBinomialError()
    {
        const double P = 1060.0 / 1210;
        var (mean, error) = s_table.Overall;
        Assert.Equal(P, mean, 1e-15);
        Assert.Equal(Math.Sqrt(P * (1 - P) / 1210), error, 1e-15);
    }

    [Fact]
    public void Of_AVector_IsItsShareWithFiftyDrawsOfItsGroup()
    {
        const double Overall = 1060.0 / 1210;
        const double Group = (900 + (50 * Overall)) / 1050;
        const double P = (900 + (50 * Group)) / 1050;
        var (log, error) = s_table.Of(s_vectors[0], 0);
        Assert.Equal(Math.Log(P), log, 1e-14);
        Assert.Equal(Math.Sqrt(P * (1 - P) / 1050) / P, error, 1e-14);
    }

    [Fact]
    public void Of_AVectorNotDrawn_IsTheMeanOfItsGroup()
    {
        const double Group = (900 + (50 * 1060.0 / 1210)) / 1050;
        Assert.Equal(Math.Log(Group), s_table.Of(s_vectors[1], 1).LogAcceptance, 1e-14);
        Assert.Equal(Math.Log(Group), s_table.Of(new CountVector([4, 0, 0, 0, 0, 0, 0]), -1).LogAcceptance, 1e-14);
    }

    [Fact]
    public void Of_AGroupNotDrawn_IsTheOverallShare()
    {
        Assert.Equal(Math.Log(1060.0 / 1210), s_table.Of(new CountVector([3, 5, 0, 0, 0, 0, 0]), -1).LogAcceptance, 1e-14);
        Assert.Equal(Math.Log(1060.0 / 1210), s_table.Of(new CountVector([30, 50, 0, 0, 0, 0, 9]), -1).LogAcceptance, 1e-14);
    }

    [Fact]
    public void Of_VectorsDrawnOften_TendsToTheirShare()
    {
        var table = new AcceptanceTable(s_vectors, [100_000_000, 0, 0, 0], [25_000_000, 0, 0, 0]);
        var (log, error) = table.Of(s_vectors[0], 0);
        Assert.Equal(Math.Log(0.25), log, 1e-12);
        Assert.Equal(Math.Sqrt(0.75 / 0.25 / 100_000_000), error, 1e-9);
    }

    [Fact]
    public void Of_AVectorWhoseDrawsAllFailed_LeansOnTheOthers()
    {
        // None of 3 draws of the second group: 50 draws of the overall share, 100 / 203, are mixed in twice.
        var table = new AcceptanceTable(s_vectors, [200, 0, 3, 0], [100, 0, 0, 0]);
        const double Overall = 100.0 / 203;
        const double Group = 50 * Overall / 53;
        const double P = 50 * Group / 53;
        Assert.Equal(Math.Log(P), table.Of(s_vectors[2], 2).LogAcceptance, 1e-14);
    }

    [Fact]
    public void AcceptanceTable_WithoutAnAcceptedDraw_IsRefused()
    {
        foreach (var drawn in new[] { 0, 5 })
        {
            var e = Assert.Throws<ArgumentException>(() => new AcceptanceTable(s_vectors, [drawn, 0, 0, 0], new long[4]));
            Assert.StartsWith($"The validity filter accepted none of {drawn} draws", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Unmeasured_IsOneWithAnInfiniteError()
    {
        var table = AcceptanceTable.Unmeasured(s_vectors);
        Assert.Equal((1, double.PositiveInfinity), table.Overall);
        Assert.Equal((0, double.PositiveInfinity), table.Of(s_vectors[0], 0));
        Assert.Equal((0, double.PositiveInfinity), table.Of(new CountVector([9, 9, 0, 0, 0, 0, 0]), -1));
    }

    [Fact]
    public void AcceptanceTable_InconsistentNumbers_AreRefused()
    {
        Assert.Throws<ArgumentException>(() => new AcceptanceTable(s_vectors, [1, 1, 1], [1, 1, 1]));
        Assert.Throws<ArgumentException>(() => new AcceptanceTable(s_vectors, [1, 1, 1, 1], [1, 1, 1, 2]));
        Assert.Throws<ArgumentException>(() => new AcceptanceTable(s_vectors, [1, 1, 1, 1], [1, 1, 1, -1]));
    }
}

using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;

namespace EventService.Engine.Tests.Autodiff;

public sealed class DropoutTests
{
    private readonly Tape _tape = new(new ParameterSet());

    [Fact]
    public void Apply_SameUse_GivesTheSameMasks()
    {
        var dropout = new Dropout(0.5, 3);
        dropout.Start(7);
        float[] first = Apply(dropout), second = Apply(dropout);

        dropout.Start(8);
        var other = Apply(dropout);

        dropout.Start(7);
        Assert.Equal(first, Apply(dropout));
        Assert.Equal(second, Apply(dropout));
        Assert.NotEqual(first, second);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public void Apply_OtherKey_GivesOtherMasks() => Assert.NotEqual(Apply(new Dropout(0.5, 3)), Apply(new Dropout(0.5, 4)));

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Apply_ManyElements_DropsTheRateAndKeepsTheMean(double rate)
    {
        var y = Apply(new Dropout(rate, 11));
        var rounded = Math.Round(256 * rate) / 256;

        Assert.All(y, v => Assert.True(v == 0 || v == (float)(1 / (1 - rounded))));

        // Five standard deviations of a binomial share.
        var deviation = 5 * Math.Sqrt(rounded * (1 - rounded) / y.Length);
        Assert.Equal(rounded, y.Count(v => v == 0) / (double)y.Length, deviation);
        Assert.Equal(1, y.Average(), deviation / (1 - rounded));
    }

    [Fact]
    public void Apply_RateZero_IsTheIdentity()
    {
        var x = Tape.Constant(new Tensor(2, 3));

        Assert.Same(x, new Dropout(0, 1).Apply(_tape, x));
    }

    [Fact]
    public void Apply_RateJustBelowOne_DropsAllButOneIn256()
    {
        var y = Apply(new Dropout(0.9999, 1));

        Assert.Contains(256f, y);
        Assert.Equal(1, y.Average(), 5 * Math.Sqrt(255.0 / y.Length));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void Dropout_RateOutsideItsDomain_Throws(double rate) => Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(rate, 1));

    private float[] Apply(Dropout dropout)
    {
        var x = new Tensor(37, 401);
        x.Span.Fill(1);
        var y = dropout.Apply(_tape, Tape.Constant(x)).Value.Span.ToArray();
        _tape.Reset();
        return y;
    }
}

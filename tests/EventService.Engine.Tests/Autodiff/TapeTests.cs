using EventService.Engine.Autodiff;
using EventService.Engine.Tensors;

namespace EventService.Engine.Tests.Autodiff;

public sealed class TapeTests
{
    [Fact]
    public void Backward_LossOfOneNumber_StartsFromOne()
    {
        var (tape, p) = Square();

        tape.Backward(Reduction.Sum(tape, Elementwise.Multiply(tape, tape[p], tape[p])));

        Assert.Equal([2f, 4f, -6f], tape[p].Gradient!.Span.ToArray());   // d sum x^2 = 2 x
    }

    [Fact]
    public void Backward_SecondPassWithoutClearing_AddsToTheFirst()
    {
        var (tape, p) = Square();
        for (var pass = 0; pass < 2; pass++)
        {
            tape.Backward(Reduction.Sum(tape, Elementwise.Multiply(tape, tape[p], tape[p])));
            tape.Reset();
        }

        Assert.Equal([4f, 8f, -12f], tape[p].Gradient!.Span.ToArray());

        tape.ClearGradients();
        Assert.Equal(new float[3], tape[p].Gradient!.Span.ToArray());
    }

    [Fact]
    public void Reset_OtherShapesNext_StartsTheirGradientsFromZero()
    {
        var (tape, p) = Square();
        tape.Backward(Reduction.Sum(tape, Rows.Concat(tape, tape[p], tape[p], tape[p])));
        tape.Reset();
        tape.ClearGradients();

        tape.Backward(Reduction.Mean(tape, Elementwise.Scale(tape, Rows.Slice(tape, tape[p], 1, 2), 3)));

        Assert.Equal([0f, 1.5f, 1.5f], tape[p].Gradient!.Span.ToArray());
    }

    [Fact]
    public void Rent_AfterReset_GivesTheSameMemory()
    {
        var (tape, _) = Square();
        var first = tape.Rent(4, 5);
        tape.Reset();

        Assert.Same(first, tape.Rent(2, 3));
        Assert.NotSame(first, tape.Rent(2, 3));
    }

    [Fact]
    public void Backward_LossOfManyNumbers_SaysWhatALossIs()
    {
        var (tape, p) = Square();

        var e = Assert.Throws<ArgumentException>(() => tape.Backward(tape[p]));

        Assert.StartsWith("A loss is one number with a gradient, found Tensor [3, 1].", e.Message, StringComparison.Ordinal);
    }

    private static (Tape Tape, Parameter Parameter) Square()
    {
        var parameters = new ParameterSet();
        var p = parameters.Add("x", 3, 1);
        float[] x = [1, 2, -3];
        x.CopyTo(p.Value.Span);
        return (new Tape(parameters), p);
    }
}

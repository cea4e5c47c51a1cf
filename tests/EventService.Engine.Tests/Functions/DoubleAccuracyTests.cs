using System.Globalization;

using EventService.Numerics.Functions;

namespace EventService.Engine.Tests.Functions;

/// <summary>Errors of the double functions against TestData/Functions/double_reference.csv, computed with mpmath at 400 bits.</summary>
public sealed class DoubleAccuracyTests
{
    private static readonly Lazy<ILookup<string, Point>> s_table = new(() =>
        File.ReadLines(TestFiles.Path("Functions", "double_reference.csv")).Select(Point.Parse).ToLookup(p => p.Function));

    [Fact]
    public void Exp_Double_AgainstReferenceTable() => Within(0.7, "exp", Exp.Of);

    [Fact]
    public void Log_Double_AgainstReferenceTable() => Within(0.8, "log", Log.Of);

    [Fact]
    public void Log1p_Double_AgainstReferenceTable() => Within(0.8, "log1p", Log1p.Of);

    [Fact]
    public void Expm1_Double_AgainstReferenceTable() => Within(0.7, "expm1", Expm1.Of);

    [Fact]
    public void Tanh_Double_AgainstReferenceTable() => Within(1.6, "tanh", Tanh.Of);

    [Fact]
    public void Sigmoid_Double_AgainstReferenceTable() => Within(1.5, "sigmoid", Sigmoid.Of);

    [Fact]
    public void Softplus_Double_AgainstReferenceTable() => Within(1, "softplus", Softplus.Of);

    [Fact]
    public void Sinh_Double_AgainstReferenceTable() => Within(1.4, "sinh", Sinh.Of);

    [Fact]
    public void Cosh_Double_AgainstReferenceTable() => Within(1.1, "cosh", Cosh.Of);

    [Fact]
    public void SinCos_Double_AgainstReferenceTable()
    {
        Within(0.7, "sin", x => SinCos.Of(x).Sin);
        Within(0.7, "cos", x => SinCos.Of(x).Cos);
    }

    [Fact]
    public void Gelu_Double_AgainstReferenceTable() => Within(2, "gelu", Gelu.Of);

    [Fact]
    public void NormalQuantile_Double_AgainstReferenceTable() => Within(4, "normalquantile", NormalQuantile.Of);

    [Fact]
    public void Atan2_Double_AgainstReferenceTable()
    {
        foreach (var p in s_table.Value["atan2"])
        {
            Check(1, p, Atan2.Of(p.Arguments[0], p.Arguments[1]));
        }
    }

    private static void Within(double largest, string name, Func<double, double> f)
    {
        Assert.True(s_table.Value[name].Count() > 200);
        foreach (var p in s_table.Value[name])
        {
            Check(largest, p, f(p.Arguments[0]));
        }
    }

    private static void Check(double largest, Point p, double found)
    {
        var error = Ulp.Error(found, p.High, p.Low);
        Assert.True(
            error <= largest,
            $"{p.Function}({string.Join(", ", p.Arguments)}) = {found:G17}, exact {p.High:G17}: {error:F2} ulp, stated {largest}");
    }

    private sealed record Point(string Function, double[] Arguments, double High, double Low)
    {
        public static Point Parse(string line)
        {
            var cells = line.Split(',');
            var numbers = cells[1..].Select(
                c => BitConverter.UInt64BitsToDouble(ulong.Parse(c, NumberStyles.HexNumber, CultureInfo.InvariantCulture))).ToArray();
            return new Point(cells[0], numbers[..^2], numbers[^2], numbers[^1]);
        }
    }
}

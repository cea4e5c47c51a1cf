using EventService.Engine.Kernels;

namespace EventService.Engine.Tests.Kernels;

/// <summary>
/// One rational-quadratic spline in double precision, written from Durkan et al. 2019, arXiv:1906.04032, sec. 3.1 and eqs. 4-8,
/// with knots and derivatives as arrays: independent of the kernel except for the meaning of the parameters.
/// </summary>
internal sealed class SplineOracle
{
    private readonly int _bins;
    private readonly double[] _delta;

    /// <param name="spline">Bins, circularity and minima.</param>
    /// <param name="theta">Width logits, height logits, derivatives before softplus.</param>
    public SplineOracle(RationalQuadraticSpline spline, double[] theta)
    {
        _bins = spline.Bins;
        X = Knots(theta[.._bins], spline.MinimumWidth);
        Y = Knots(theta[_bins..(2 * _bins)], spline.MinimumHeight);

        // A logit of zero is a derivative of one.
        double minimum = spline.MinimumDerivative, shift = Math.Log(Math.Exp(1 - minimum) - 1);
        _delta = [.. theta[(2 * _bins)..].Select(t => minimum + Math.Log(1 + Math.Exp(t + shift)))];
        if (spline.Circular)
        {
            _delta = [.. _delta, _delta[0]];
        }
    }

    /// <summary>Knots, 0 and 1 included.</summary>
    public double[] X { get; }

    public double[] Y { get; }

    /// <summary>Eq. 4.</summary>
    public double Value(double x)
    {
        var (k, xi, s) = At(x);
        var numerator = (Y[k + 1] - Y[k]) * ((s * xi * xi) + (_delta[k] * xi * (1 - xi)));
        return Y[k] + (numerator / (s + ((_delta[k + 1] + _delta[k] - (2 * s)) * xi * (1 - xi))));
    }

    /// <summary>Eq. 5, its logarithm.</summary>
    public double LogDerivative(double x)
    {
        var (k, xi, s) = At(x);
        var numerator = s * s * ((_delta[k + 1] * xi * xi) + (2 * s * xi * (1 - xi)) + (_delta[k] * (1 - xi) * (1 - xi)));
        var denominator = s + ((_delta[k + 1] + _delta[k] - (2 * s)) * xi * (1 - xi));
        return Math.Log(numerator / (denominator * denominator));
    }

    /// <summary>Eqs. 6-8 and the root that the text after them gives.</summary>
    public double Inverse(double y)
    {
        var k = Bin(Y, y);
        double height = Y[k + 1] - Y[k], s = height / (X[k + 1] - X[k]), bend = _delta[k + 1] + _delta[k] - (2 * s);
        var a = (height * (s - _delta[k])) + ((y - Y[k]) * bend);
        var b = (height * _delta[k]) - ((y - Y[k]) * bend);
        var c = -s * (y - Y[k]);
        var xi = 2 * c / (-b - Math.Sqrt((b * b) - (4 * a * c)));
        return X[k] + (xi * (X[k + 1] - X[k]));
    }

    /// <summary>The point whose value by eq. 4 is y, by halving the bin.</summary>
    public double Bisect(double y)
    {
        var k = Bin(Y, y);
        double low = X[k], high = X[k + 1];
        for (var step = 0; step < 100; step++)
        {
            var middle = (low + high) / 2;
            (low, high) = Value(middle) < y ? (middle, high) : (low, middle);
        }

        return (low + high) / 2;
    }

    /// <summary>A point this share of the way through the bin.</summary>
    public double Within(int bin, double share) => X[bin] + (share * (X[bin + 1] - X[bin]));

    private (int Bin, double Xi, double S) At(double x)
    {
        var k = Bin(X, x);
        return (k, (x - X[k]) / (X[k + 1] - X[k]), (Y[k + 1] - Y[k]) / (X[k + 1] - X[k]));
    }

    private int Bin(double[] knots, double at) => Math.Clamp(Array.FindLastIndex(knots, k => k <= at), 0, _bins - 1);

    private static double[] Knots(double[] logits, double minimum)
    {
        var sum = logits.Sum(l => Math.Exp(l - logits.Max()));
        var knots = new double[logits.Length + 1];
        for (var k = 0; k < logits.Length; k++)
        {
            knots[k + 1] = knots[k] + minimum + ((1 - (logits.Length * minimum)) * Math.Exp(logits[k] - logits.Max()) / sum);
        }

        knots[^1] = 1;
        return knots;
    }
}

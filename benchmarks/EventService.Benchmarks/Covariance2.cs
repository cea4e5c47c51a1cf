namespace EventService.Benchmarks;

/// <summary>A covariance matrix of two numbers, and what is known in closed form about centred normal distributions with such.</summary>
/// <param name="Xx">Variance of x.</param>
/// <param name="Xy">Covariance.</param>
/// <param name="Yy">Variance of y.</param>
internal readonly record struct Covariance2(double Xx, double Xy, double Yy)
{
    public double Trace => Xx + Yy;

    public double Determinant => (Xx * Yy) - (Xy * Xy);

    public double Norm => Math.Sqrt((Xx * Xx) + (2 * Xy * Xy) + (Yy * Yy));

    /// <summary>
    /// R S R^T with the rotation R by an angle (M. Kaech's thesis, eqs. 7.2-7.4; the second row of its eq. 7.3 is (sin, cos)),
    /// S = [[1, -0.99], [-0.99, 1]].
    /// </summary>
    public static Covariance2 Rotated(double angle)
    {
        var (sin, cos) = Math.SinCos(angle);
        return new Covariance2(1, -0.99, 1).Under(cos, -sin, sin, cos);
    }

    /// <summary>M S M^T with M = [[a, b], [c, d]].</summary>
    public Covariance2 Under(double a, double b, double c, double d) => new(
        (a * a * Xx) + (2 * a * b * Xy) + (b * b * Yy),
        (a * c * Xx) + (((a * d) + (b * c)) * Xy) + (b * d * Yy),
        (c * c * Xx) + (2 * c * d * Xy) + (d * d * Yy));

    /// <summary>
    /// The distance of order 2: W2^2 = tr A + tr B - 2 tr (A^1/2 B A^1/2)^1/2 (Dowson and Landau 1982); the root of a 2 x 2 matrix M has
    /// the trace (tr M + 2 det^1/2 M)^1/2.
    /// </summary>
    public static double Wasserstein2(Covariance2 a, Covariance2 b)
    {
        var product = (a.Xx * b.Xx) + (2 * a.Xy * b.Xy) + (a.Yy * b.Yy);
        return Math.Sqrt(Math.Max(0, a.Trace + b.Trace - (2 * Math.Sqrt(product + (2 * Math.Sqrt(a.Determinant * b.Determinant))))));
    }

    /// <summary>
    /// The distribution that optimal transport from a to b passes at time t: M a M with M = (1 - t) + t T, T = a^-1/2 (a^1/2 b
    /// a^1/2)^1/2 a^-1/2 (McCann 1997).
    /// </summary>
    public static Covariance2 Geodesic(Covariance2 a, Covariance2 b, double t)
    {
        var root = a.Root();
        var scale = 1 / root.Determinant;
        var inverse = new Covariance2(root.Yy * scale, -root.Xy * scale, root.Xx * scale);
        var transport = b.Under(root.Xx, root.Xy, root.Xy, root.Yy).Root().Under(inverse.Xx, inverse.Xy, inverse.Xy, inverse.Yy);
        return a.Under(1 - t + (t * transport.Xx), t * transport.Xy, t * transport.Xy, 1 - t + (t * transport.Yy));
    }

    public static Covariance2 operator -(Covariance2 a, Covariance2 b) => new(a.Xx - b.Xx, a.Xy - b.Xy, a.Yy - b.Yy);

    private Covariance2 Root()
    {
        var (s, t) = (Math.Sqrt(Determinant), 1 / Math.Sqrt(Trace + (2 * Math.Sqrt(Determinant))));
        return new Covariance2((Xx + s) * t, Xy * t, (Yy + s) * t);
    }
}

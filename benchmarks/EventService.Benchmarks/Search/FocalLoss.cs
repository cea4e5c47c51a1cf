namespace EventService.Benchmarks.Search;

/// <summary>
/// -(1 - p)^gamma ln p with p the probability that a classifier gives to the right class (T.-Y. Lin et al. 2017, arXiv:1708.02002, eq. 4).
/// </summary>
internal static class FocalLoss
{
    /// <summary>
    /// Derivative with respect to the logit z of "is signal": with p = sigmoid(+-z), +-(1 - p)^gamma (gamma p ln p - (1 - p)).
    /// </summary>
    public static double Gradient(double z, bool isSignal, double gamma)
    {
        var right = isSignal ? z : -z;
        var wrong = 1 / (1 + Math.Exp(right));
        var logRight = -(Math.Max(-right, 0) + Math.Log(1 + Math.Exp(-Math.Abs(right))));
        return (isSignal ? 1 : -1) * Math.Pow(wrong, gamma) * ((gamma * (1 - wrong) * logRight) - wrong);
    }
}

using System.Text;

namespace EventService.Evaluation.Html;

/// <summary>ROC curves as SVG, with the band of two null errors about the diagonal drawn as a difference would be seen.</summary>
internal static class RocPlot
{
    private const double Size = 300, Left = 46, Top = 24, Side = 236;

    public static string Svg(IReadOnlyList<RocCurve> curves)
    {
        var x = Axis.Linear(0, 1, Left, Left + Side);
        var y = Axis.Linear(0, 1, Top + Side, Top);
        var svg = new StringBuilder($"<svg class=\"plot roc\" viewBox=\"0 0 {Size:0} {Size:0}\" role=\"img\"><title>ROC curve</title>");
        foreach (var (value, text) in x.Ticks(5))
        {
            svg.Append($"<path class=\"grid\" d=\"M{x.At(value):0.#} {Top:0.#}V{Top + Side:0.#}M{Left:0.#} {y.At(value):0.#}H{Left + Side:0.#}\"/>");
            svg.Append($"<text class=\"tick\" x=\"{x.At(value):0.#}\" y=\"{Top + Side + 12:0.#}\" text-anchor=\"middle\">{text}</text><text class=\"tick\" x=\"{Left - 5:0.#}\" y=\"{y.At(value) + 3:0.#}\" text-anchor=\"end\">{text}</text>");
        }

        svg.Append($"<path class=\"one\" d=\"M{x.At(0):0.#} {y.At(0):0.#}L{x.At(1):0.#} {y.At(1):0.#}\"/><path class=\"frame\" d=\"M{Left:0.#} {Top:0.#}V{Top + Side:0.#}H{Left + Side:0.#}\"/>");
        foreach (var curve in curves)
        {
            var points = curve.FalsePositiveRate.Zip(curve.TruePositiveRate, (f, t) => $"{x.At(f):0.#} {y.At(t):0.#}");
            svg.Append($"<path class=\"gen\" d=\"M{string.Join('L', points)}\"/>");
        }

        svg.Append($"<text class=\"title\" x=\"{Left:0.#}\" y=\"15\">ROC curve</text>");
        svg.Append($"<text class=\"note\" x=\"{Left + Side - 8:0.#}\" y=\"{Top + Side - 22:0.#}\" text-anchor=\"end\">AUC {curves.Average(c => c.Auc):0.0000}</text>");
        svg.Append($"<text class=\"note\" x=\"{Left + Side - 8:0.#}\" y=\"{Top + Side - 9:0.#}\" text-anchor=\"end\">diagonal: no difference</text>");
        svg.Append($"<text class=\"axis\" x=\"{Left + Side:0.#}\" y=\"{Size - 8:0.#}\" text-anchor=\"end\">generated events taken for Monte Carlo</text>");
        svg.Append($"<text class=\"axis\" transform=\"translate(10 {Top:0.#}) rotate(-90)\" text-anchor=\"end\">Monte Carlo events recognised</text>");
        return svg.Append("</svg>").ToString();
    }
}

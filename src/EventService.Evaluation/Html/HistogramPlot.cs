using System.Text;

using EventService.Models.Sampling;

namespace EventService.Evaluation.Html;

/// <summary>Monte Carlo and generated events in one histogram with their ratio below, as SVG.</summary>
/// <remarks>
/// Above: share of the events in a bin; Monte Carlo as a filled step, generated events as a line with points. Below: generated over
/// Monte Carlo with its statistical error; the band is that of Monte Carlo. Triangles point to ratios outside of the panel.
/// </remarks>
internal static class HistogramPlot
{
    private static readonly double[] s_halves = [0.1, 0.2, 0.5, 1.0];

    private const double Width = 380, Left = 46, Right = 10, Top = 24, Main = 150, Gap = 7, Ratio = 56, Bottom = 34;
    private const double Height = Top + Main + Gap + Ratio + Bottom;

    /// <param name="histogram">Counts.</param>
    /// <param name="title">Above the plot, in the form of <see cref="Label"/>.</param>
    /// <param name="note">At the upper right, plain text.</param>
    /// <param name="xLabel">Below the plot.</param>
    /// <param name="yLabel">Beside it.</param>
    public static string Svg(HistogramPair histogram, string title, string note, string xLabel, string yLabel = "share of events")
    {
        var (mc, generated) = (histogram.MonteCarlo, histogram.Generated);
        var (mcTotal, generatedTotal) = (mc.Sum() + histogram.MonteCarloOutside, generated.Sum() + histogram.GeneratedOutside);
        if (mcTotal == 0 || generatedTotal == 0)
        {
            return "";
        }

        var x = Axis.Linear(histogram.Low, histogram.High, Left, Width - Right);
        var shares = mc.Select(n => n / mcTotal).Concat(generated.Select(n => n / generatedTotal)).Where(s => s > 0).ToArray();
        var (least, largest) = (shares.Min(), shares.Max());
        var smallestDrawn = Math.Max(least, largest * 1e-6);
        var y = largest / smallestDrawn > 150
            ? Axis.Logarithmic(Math.Pow(10, Math.Floor(Math.Log10(smallestDrawn * 0.7) * 2) / 2), largest * 3, Top + Main, Top)
            : Axis.Linear(0, largest * 1.18, Top + Main, Top);

        var svg = new StringBuilder();
        svg.Append($"<svg class=\"plot\" viewBox=\"0 0 {Width:0} {Height:0}\" role=\"img\"><title>{Label.Escape(title.Replace("_", "", StringComparison.Ordinal))}</title>");
        Frame(svg, x, y, title, note, xLabel, yLabel);
        var edges = Enumerable.Range(0, mc.Length + 1).Select(b => x.At(histogram.Low + (histogram.High - histogram.Low) * b / mc.Length)).ToArray();
        svg.Append($"<path class=\"mc\" d=\"{Steps(edges, mc, mcTotal, y)}V{Top + Main:0.#}H{Left:0.#}Z\"/>");
        svg.Append($"<path class=\"mc-line\" d=\"{Steps(edges, mc, mcTotal, y)}\"/>");
        svg.Append($"<path class=\"gen\" d=\"{Steps(edges, generated, generatedTotal, y)}\"/>");
        RatioPanel(svg, edges, mc, mcTotal, generated, generatedTotal);
        return svg.Append("</svg>").ToString();
    }

    private static void Frame(StringBuilder svg, Axis x, Axis y, string title, string note, string xLabel, string yLabel)
    {
        var bottom = Top + Main + Gap + Ratio;
        foreach (var (value, text) in x.Ticks(6))
        {
            var at = x.At(value);
            svg.Append($"<path class=\"grid\" d=\"M{at:0.#} {Top:0.#}V{Top + Main:0.#}M{at:0.#} {Top + Main + Gap:0.#}V{bottom:0.#}\"/><text class=\"tick\" x=\"{at:0.#}\" y=\"{bottom + 12:0.#}\" text-anchor=\"middle\">{text}</text>");
        }

        foreach (var (value, text) in y.Ticks(5))
        {
            var at = y.At(value);
            svg.Append($"<path class=\"grid\" d=\"M{Left:0.#} {at:0.#}H{Width - Right:0.#}\"/><text class=\"tick\" x=\"{Left - 5:0.#}\" y=\"{at + 3:0.#}\" text-anchor=\"end\">{text}</text>");
        }

        svg.Append($"<path class=\"frame\" d=\"M{Left:0.#} {Top:0.#}V{Top + Main:0.#}H{Width - Right:0.#}M{Left:0.#} {Top + Main + Gap:0.#}V{bottom:0.#}H{Width - Right:0.#}\"/>");
        svg.Append($"<text class=\"title\" x=\"{Left:0.#}\" y=\"15\">{Label.Svg(title)}</text><text class=\"note\" x=\"{Width - Right:0.#}\" y=\"15\" text-anchor=\"end\">{Label.Escape(note)}</text>");
        svg.Append($"<text class=\"axis\" x=\"{Width - Right:0.#}\" y=\"{Height - 6:0.#}\" text-anchor=\"end\">{Label.Svg(xLabel)}</text>");
        svg.Append($"<text class=\"axis\" transform=\"translate(10 {Top:0.#}) rotate(-90)\" text-anchor=\"end\">{Label.Escape(yLabel)}</text>");
        svg.Append($"<text class=\"axis\" transform=\"translate(10 {Top + Main + Gap:0.#}) rotate(-90)\" text-anchor=\"end\">gen / MC</text>");
    }

    private static string Steps(double[] edges, double[] counts, double total, Axis y)
    {
        // Empty bins of a logarithmic axis end at its foot.
        var path = new StringBuilder($"M{edges[0]:0.#} {Top + Main:0.#}");
        for (var b = 0; b < counts.Length; b++)
        {
            var at = counts[b] > 0 ? Math.Min(y.At(counts[b] / total), Top + Main) : Top + Main;
            path.Append($"V{at:0.#}H{edges[b + 1]:0.#}");
        }

        return path.ToString();
    }

    private static void RatioPanel(StringBuilder svg, double[] edges, double[] mc, double mcTotal, double[] generated, double generatedTotal)
    {
        var (top, bottom) = (Top + Main + Gap, Top + Main + Gap + Ratio);
        var points = new List<(int Bin, double Ratio, double Error, double Band)>();
        for (var b = 0; b < mc.Length; b++)
        {
            if (mc[b] > 0)
            {
                var ratio = generated[b] / generatedTotal / (mc[b] / mcTotal);
                points.Add((b, ratio, generated[b] > 0 ? ratio / Math.Sqrt(generated[b]) : 0, 1 / Math.Sqrt(mc[b])));
            }
        }

        // The narrowest panel that holds most points whose errors fit into it.
        var half = s_halves.FirstOrDefault(h =>
            points.Count(p => Math.Abs(p.Ratio - 1) < h) >= 0.9 * points.Count && points.Count(p => p.Error < 0.6 * h) >= 0.7 * points.Count, 1.0);
        var y = Axis.Linear(1 - half, 1 + half, bottom, top);
        foreach (var (value, text) in new[] { (1 - half, $"{1 - half:0.0}"), (1, "1"), (1 + half, $"{1 + half:0.0}") })
        {
            svg.Append($"<text class=\"tick\" x=\"{Left - 5:0.#}\" y=\"{y.At(value) + (value > 1 ? 6 : value < 1 ? 0 : 3):0.#}\" text-anchor=\"end\">{text}</text>");
        }

        foreach (var (b, _, _, band) in points)
        {
            var (high, low) = (Math.Max(top, y.At(1 + band)), Math.Min(bottom, y.At(1 - band)));
            svg.Append($"<path class=\"band\" d=\"M{edges[b]:0.#} {high:0.#}H{edges[b + 1]:0.#}V{low:0.#}H{edges[b]:0.#}Z\"/>");
        }

        svg.Append($"<path class=\"one\" d=\"M{Left:0.#} {y.At(1):0.#}H{Width - Right:0.#}\"/>");
        foreach (var (b, ratio, error, _) in points)
        {
            var at = (edges[b] + edges[b + 1]) / 2;
            if (Math.Abs(ratio - 1) > half)
            {
                var (foot, tip) = ratio > 1 ? (top + 6, top + 1) : (bottom - 6, bottom - 1);
                svg.Append($"<path class=\"outside\" d=\"M{at - 3:0.#} {foot:0.#}H{at + 3:0.#}L{at:0.#} {tip:0.#}Z\"/>");
                continue;
            }

            svg.Append($"<path class=\"error\" d=\"M{at:0.#} {Math.Max(top, y.At(ratio + error)):0.#}V{Math.Min(bottom, y.At(ratio - error)):0.#}\"/><circle class=\"point\" cx=\"{at:0.#}\" cy=\"{y.At(ratio):0.#}\" r=\"1.6\"/>");
        }
    }
}

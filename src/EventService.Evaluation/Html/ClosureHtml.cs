using System.Text;

using EventService.Evaluation.Closure;
using EventService.Models.Documents;
using EventService.Models.Sampling;

namespace EventService.Evaluation.Html;

/// <summary>
/// A <see cref="ClosureReport"/> as one HTML page: areas and distances of what stands for the points left out, and the trend of each
/// observable's mean with the parameter.
/// </summary>
public static class ClosureHtml
{
    private const double Width = 400, Height = 240, Left = 52, Top = 24, Right = 392, Bottom = 204;

    public static string Render(ClosureReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var html = new StringBuilder();
        html.Append($"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Closure of {Label.Escape(report.Recipe)}</title><style>{HtmlReport.StyleSheet}</style></head><body>");
        html.Append($"<header><div><div class=\"eyebrow\">Closure: points left out of the training</div><h1>{Label.Escape(report.Recipe)}</h1><p>At each point a model that was trained without it, and what an analyst has without a model, against the simulated events of the point.</p></div></header><main>");
        html.Append("<h2>Points</h2><p class=\"lead\">AUC of a classifier between the candidate and simulated events, 0.5 where it cannot tell; W<sub>1</sub> over its Monte Carlo floor, median and largest of the observables.</p><div class=\"card\"><table>");
        html.Append("<tr><th>left out</th><th>candidate</th><th class=\"n\">AUC</th><th class=\"n\">median W<sub>1</sub></th><th class=\"n\">largest</th><th>of</th></tr>");
        foreach (var point in report.Points)
        {
            html.Append($"<tr class=\"group\"><td colspan=\"6\">{Label.Escape(point.Name)}: {point.Events:N0} events of each; neighbours {Label.Escape(point.Neighbours)}</td></tr>");
            foreach (var c in point.Candidates)
            {
                html.Append(Text($"<tr><td></td><td>{Label.Escape(c.Name)}</td><td class=\"n\">{c.Auc:0.000} ± {c.AucError:0.000}</td><td class=\"n\">{c.MedianWassersteinRatio:0.00}</td><td class=\"n\">{c.LargestWassersteinRatio:0.00}</td><td>{Label.Escape(c.Observables.MaxBy(o => o.Ratio)!.Name)}</td></tr>"));
            }
        }

        html.Append("</table></div>");
        if (report.Trends.Count > 0)
        {
            html.Append("<h2>Trends</h2><p class=\"lead\">Mean of each observable: simulated events at the points of the grid (line), the model where it was not trained (dots), moment morphing (open circles) and vertical morphing (ticks).</p><div class=\"plots\">");
            foreach (var trend in report.Trends)
            {
                html.Append(Plot(report, trend));
            }

            html.Append("</div>");
            Table(html, report);
        }

        html.Append(Text($"<footer>Written by EventService {Label.Escape(report.ServiceVersion)} on {report.Created:yyyy-MM-dd HH:mm} UTC; data {report.DataSha256}. All figures are in closure.json beside this page.</footer></main></body></html>"));
        return html.ToString();
    }

    private static string Plot(ClosureReport report, ClosureTrend trend)
    {
        var found = (from p in report.Points
                     from c in p.Candidates
                     where c.Name != "nearest point"
                     from o in c.Observables
                     where o.Name == trend.Observable
                     select (Value: p.Values[0], c.Name, o.Mean)).ToArray();
        double[] means = [.. trend.Simulated.Select(p => p.Mean), .. found.Select(f => f.Mean)];
        var margin = Math.Max(means.Max() - means.Min(), 1e-9) * 0.08;
        var x = Axis.Linear(trend.Simulated[0].Value, trend.Simulated[^1].Value, Left, Right);
        var y = Axis.Linear(means.Min() - margin, means.Max() + margin, Bottom, Top);
        var svg = new StringBuilder(Text($"<svg class=\"plot\" viewBox=\"0 0 {Width:0} {Height:0}\" role=\"img\"><title>Mean of {Label.Escape(trend.Observable)}</title>"));
        foreach (var (value, text) in x.Ticks(6))
        {
            svg.Append(Text($"<path class=\"grid\" d=\"M{x.At(value):0.#} {Top:0.#}V{Bottom:0.#}\"/><text class=\"tick\" x=\"{x.At(value):0.#}\" y=\"{Bottom + 12:0.#}\" text-anchor=\"middle\">{text}</text>"));
        }

        foreach (var (value, text) in y.Ticks(5))
        {
            svg.Append(Text($"<path class=\"grid\" d=\"M{Left:0.#} {y.At(value):0.#}H{Right:0.#}\"/><text class=\"tick\" x=\"{Left - 5:0.#}\" y=\"{y.At(value) + 3:0.#}\" text-anchor=\"end\">{text}</text>"));
        }

        svg.Append(Text($"<path class=\"frame\" d=\"M{Left:0.#} {Top:0.#}V{Bottom:0.#}H{Right:0.#}\"/><path class=\"mc-line\" d=\"M{string.Join('L', trend.Simulated.Select(p => Text($"{x.At(p.Value):0.#} {y.At(p.Mean):0.#}")))}\"/>"));
        foreach (var (value, name, mean) in found)
        {
            svg.Append(name switch
            {
                "model" => Text($"<circle class=\"point\" cx=\"{x.At(value):0.#}\" cy=\"{y.At(mean):0.#}\" r=\"3.2\"/>"),
                "moment morphing" => Text($"<circle cx=\"{x.At(value):0.#}\" cy=\"{y.At(mean):0.#}\" r=\"5\" fill=\"none\" stroke=\"#5b6675\"/>"),
                _ => Text($"<path class=\"frame\" d=\"M{x.At(value) - 6:0.#} {y.At(mean):0.#}h12\"/>"),
            });
        }

        svg.Append(Text($"<text class=\"title\" x=\"{Left:0.#}\" y=\"15\">{Label.Svg(trend.Observable.Replace('_', ' '))}{(trend.Unit is "1" or "" ? "" : $" [{Label.Escape(trend.Unit)}]")}</text><text class=\"axis\" x=\"{Right:0.#}\" y=\"{Height - 8:0.#}\" text-anchor=\"end\">{Label.Escape(trend.Parameter)}</text>"));
        return svg.Append("</svg>").ToString();
    }

    private static void Table(StringBuilder html, ClosureReport report)
    {
        html.Append("<h2>Means where points are left out</h2><div class=\"card\"><table><tr><th>left out</th><th>observable</th><th class=\"n\">simulated</th>");
        foreach (var candidate in report.Points[0].Candidates)
        {
            html.Append($"<th class=\"n\">{Label.Escape(candidate.Name)}</th>");
        }

        html.Append("</tr>");
        foreach (var point in report.Points)
        {
            foreach (var (o, k) in point.Candidates[0].Observables.Select((o, k) => (o, k)))
            {
                double MeanOf(ClosureCandidate candidate) => candidate.Observables.FirstOrDefault(other => other.Name == o.Name)?.Mean ?? double.NaN;
                html.Append(Text($"<tr><td>{(k == 0 ? Label.Escape(point.Name) : "")}</td><td>{Label.Escape(o.Name)}</td><td class=\"n\">{o.MonteCarloMean:G5} ± {o.MonteCarloMeanError:G2}</td>"));
                html.Append(string.Concat(point.Candidates.Select(c => Text($"<td class=\"n\">{MeanOf(c):G5}</td>")))).Append("</tr>");
            }
        }

        html.Append("</table></div>");
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}

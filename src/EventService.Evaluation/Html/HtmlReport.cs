using System.Reflection;
using System.Text;
using System.Text.Json;

using EventService.Models.Cards;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Physics.Observables;

namespace EventService.Evaluation.Html;

/// <summary>An <see cref="EvaluationReport"/> as one HTML page that needs nothing else: styles and plots inside, no scripts.</summary>
public static class HtmlReport
{
    private static readonly Lazy<string> Style = new(() =>
    {
        using var css = Assembly.GetExecutingAssembly().GetManifestResourceStream("EventService.Evaluation.report.css")
            ?? throw new InvalidOperationException("The style sheet of the report is not in the assembly.");
        using var reader = new StreamReader(css);
        return reader.ReadToEnd();
    });

    /// <summary>The style sheet of all reports.</summary>
    internal static string StyleSheet => Style.Value;

    private static readonly JsonSerializerOptions Indented = new(ModelJson.Options) { WriteIndented = true };

    public static string Render(EvaluationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var html = new StringBuilder();
        var subject = report.Model?.Name ?? report.Generated.Source;
        html.Append($"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Evaluation of {Label.Escape(subject)}</title><style>{Style.Value}</style></head><body>");
        Header(html, report, subject);
        html.Append("<main>");
        Tiles(html, report);
        Classifier(html, report);
        if (report.Power.Count > 0)
        {
            Power(html, report);
        }

        Worst(html, report);
        Metrics(html, report);
        if (report is { Particles: { } particles, ParticlesFloor: { } particlesFloor })
        {
            Particles(html, particles, particlesFloor);
        }

        Histograms(html, report);
        Provenance(html, report);
        html.Append($"<footer>Written by EventService {Label.Escape(report.ServiceVersion)} on {report.Created:yyyy-MM-dd HH:mm} UTC, {report.Seconds:0} s of evaluation. All figures are in report.json beside this page.</footer></main></body></html>");
        return html.ToString();
    }

    private static void Header(StringBuilder html, EvaluationReport report, string subject)
    {
        html.Append($"<header><div><div class=\"eyebrow\">Evaluation against Monte Carlo</div><h1>{Label.Escape(subject)}</h1>");
        html.Append($"<p>{report.Generated.Events:N0} events ({Label.Escape(report.Generated.Source)}; {Label.Escape(report.Generated.Selection)}) against {report.MonteCarlo.Events:N0} Monte Carlo events of {Label.Escape(report.MonteCarlo.Process)} ({Label.Escape(report.MonteCarlo.Source)}; {Label.Escape(report.MonteCarlo.Selection)}).</p>");
        html.Append("<nav><a href=\"#classifier\">Classifier test</a>");
        html.Append(report.Power.Count > 0 ? "<a href=\"#power\">Planted distortions</a>" : "");
        html.Append("<a href=\"#worst\">Largest differences</a><a href=\"#metrics\">All observables</a><a href=\"#histograms\">Histograms</a><a href=\"#provenance\">Provenance</a></nav></div></header>");
    }

    private static void Tiles(StringBuilder html, EvaluationReport report)
    {
        void Tile(string grade, string name, string value, string more) =>
            html.Append($"<div class=\"tile {grade}\"><div class=\"name\">{name}</div><div class=\"value\">{value}</div><div class=\"more\">{more}</div></div>");

        var worst = report.Worst;
        var roc = report.Classifier[0].Roc;
        html.Append("<section class=\"tiles\">");
        Tile(Grade(report.Auc, 0.55, 0.60), "Classifier AUC, aim ≤ 0.55, gate 0.60", $"{report.Auc:0.0000} <small>± {report.AucError:0.0000}</small>", $"0.5 is perfect; {Signed((report.Auc - 0.5) / roc.NullError)} σ of the null");
        Tile(Grade(report.LargestWassersteinRatio, 3, 5), "Largest W<sub>1</sub> over floor, gate 3", $"{Number(report.LargestWassersteinRatio)} <small>×</small>", $"{Label.Html(worst.Label)}; median {Number(report.MedianWassersteinRatio)} ×");
        Tile(report.ObservablesAboveThreeFloors == 0 ? "good" : "poor", "Observables within 3 floors", $"{report.Observables.Count - report.ObservablesAboveThreeFloors} <small>of {report.Observables.Count}</small>", $"floor: {report.Floor.Resamplings} pairs of {report.Floor.SampleEvents:N0} Monte Carlo events");
        var score = report.Classifier.MinBy(c => c.ScoreChiSquared.PValue)!.ScoreChiSquared;
        Tile(Grade(score.PerDegreeOfFreedom, 2, 10), "Score distributions, χ² per bin", $"{Number(score.PerDegreeOfFreedom)}", $"p = {PValue(score.PValue)}; sees a missing tail that the AUC cannot");
        html.Append("</section>");
    }

    private static void Classifier(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2 id=\"classifier\">Classifier two-sample test</h2><p class=\"lead\">A network and boosted trees learn to tell generated from Monte Carlo events by the objects and by masses, angles and balances; "
            + "judged on events that neither has seen. 0.5 means that they cannot. Errors are DeLong's.</p><div class=\"pair\">");
        html.Append(RocPlot.Svg([.. report.Classifier.Select(c => c.Roc)]));
        html.Append(HistogramPlot.Svg(report.Classifier[0].ScoreHistogram, "Score of the test events", $"χ²/bin {Number(report.Classifier[0].ScoreChiSquared.PerDegreeOfFreedom)}", "score: 0 generated, 1 Monte Carlo"));
        html.Append("<div class=\"card\"><table><tr><th>seed</th><th class=\"n\">AUC</th><th class=\"n\">network</th><th class=\"n\">trees</th><th class=\"n\">accuracy</th><th class=\"n\">score χ² p</th><th class=\"n\">time</th></tr>");
        for (var i = 0; i < report.Classifier.Count; i++)
        {
            var c = report.Classifier[i];
            html.Append($"<tr><td>{i + 1}</td><td class=\"n\">{c.Roc.Auc:0.0000} <span class=\"soft\">± {c.Roc.Error:0.0000}</span></td>");
            foreach (var member in c.Members)
            {
                html.Append($"<td class=\"n\">{member.Auc:0.0000}</td>");
            }

            html.Append($"<td class=\"n\">{c.Accuracy:0.0000}</td><td class=\"n\">{PValue(c.ScoreChiSquared.PValue)}</td><td class=\"n\">{c.Seconds:0} s</td></tr>");
        }

        var first = report.Classifier[0];
        html.Append($"</table><p class=\"soft\">{first.TrainingEvents:N0} events to train on, {first.TestEvents:N0} to test on, half of each kind. Error of an AUC where there is no difference: {first.Roc.NullError:0.0000}; by Hanley and McNeil {first.Roc.HanleyMcNeilError:0.0000}.</p></div></div>");
    }

    private static void Particles(StringBuilder html, ParticleComparison found, ParticleComparison floor)
    {
        html.Append("<h2 id=\"particles\">Particles</h2><p class=\"lead\">Distances of the distributions of log<sub>10</sub> E, log<sub>10</sub> p<sub>T</sub>, η and φ of each particle type, averaged with the number of particles as weight; "
            + "beside them the same between two Monte Carlo samples. Correlations between particles enter only the totals.</p><div class=\"card\"><table><tr><th></th><th class=\"n\">particles</th><th class=\"n\">W<sub>1</sub></th><th class=\"n\">floor</th>"
            + "<th class=\"n\">KL</th><th class=\"n\">floor</th><th class=\"n\">JS distance</th><th class=\"n\">floor</th></tr>");
        void Row(string name, int particles, (double W, double Kl, double Js) a, (double W, double Kl, double Js) b) =>
            html.Append($"<tr><td>{name}</td><td class=\"n\">{particles:N0}</td><td class=\"n\">{Number(a.W)}</td><td class=\"n soft\">{Number(b.W)}</td><td class=\"n\">{Number(a.Kl)}</td><td class=\"n soft\">{Number(b.Kl)}</td><td class=\"n\">{Number(a.Js)}</td><td class=\"n soft\">{Number(b.Js)}</td></tr>");

        Row("all particles", found.Particles.DistinctBy(p => p.Particle).Sum(p => p.MonteCarlo), (found.Wasserstein, found.KullbackLeibler, found.JensenShannon), (floor.Wasserstein, floor.KullbackLeibler, floor.JensenShannon));
        foreach (var (a, b) in found.Particles.Append(found.TotalEnergy).Append(found.TotalPt)
            .Join(floor.Particles.Append(floor.TotalEnergy).Append(floor.TotalPt), p => (p.Particle, p.Variable), p => (p.Particle, p.Variable), (a, b) => (a, b)))
        {
            Row($"{a.Particle} {a.Variable}", a.MonteCarlo, (a.Wasserstein, a.KullbackLeibler, a.JensenShannon), (b.Wasserstein, b.KullbackLeibler, b.JensenShannon));
        }

        html.Append("</table></div>");
    }

    private static void Power(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2 id=\"power\">Planted distortions</h2><p class=\"lead\">The same tests on Monte Carlo events with a known fault, against other Monte Carlo events: what an evaluation of this size would find. "
            + "Significance in one-sided σ, after counting the looks; found from 3 σ. The first row is the null test.</p><div class=\"card\"><table><tr><th>planted</th><th>what was done</th><th class=\"n\">AUC</th><th class=\"n\">σ of the null</th>"
            + "<th class=\"n\">score χ² p</th><th class=\"n\">classifier</th><th>most telling observable</th><th class=\"n\">W<sub>1</sub> / floor</th><th class=\"n\">observables</th><th></th></tr>");
        foreach (var p in report.Power)
        {
            var isNull = p.Name == "none";
            var tag = p.IsFound ? (isNull ? "poor" : "good") : isNull ? "good" : "fair";
            html.Append($"<tr><td>{Label.Escape(p.Name)}</td><td class=\"soft\">{Label.Escape(p.Description)}</td><td class=\"n\">{p.Classifier.Roc.Auc:0.0000} <span class=\"soft\">± {p.Classifier.Roc.Error:0.0000}</span></td><td class=\"n\">{Signed(p.Classifier.Roc.Significance)}</td>");
            html.Append($"<td class=\"n\">{PValue(p.Classifier.ScoreChiSquared.PValue)}</td><td class=\"n\">{Signed(p.Classifier.Significance)} σ</td><td>{Label.Html(p.WorstObservableLabel)}</td><td class=\"n\">{Number(p.WorstObservableRatio)}</td><td class=\"n\">{Signed(p.ObservableSignificance)} σ</td>");
            html.Append($"<td><span class=\"tag {tag}\">{(p.IsFound ? "found" : "not found")}</span></td></tr>");
        }

        html.Append("</table></div>");
    }

    private static void Worst(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2 id=\"worst\">Largest differences</h2><p class=\"lead\">The observables with the largest W<sub>1</sub> over its Monte Carlo floor: where to look first.</p><div class=\"plots\">");
        foreach (var o in report.Observables.Where(o => double.IsFinite(o.Wasserstein.Ratio)).OrderByDescending(o => o.Wasserstein.Ratio).Take(6))
        {
            html.Append(Plot(o));
        }

        html.Append("</div>");
    }

    private static void Metrics(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2 id=\"metrics\">All observables</h2><p class=\"lead\">W<sub>1</sub> in standard deviations of Monte Carlo; KL [nat], JS distance and χ² per degree of freedom in 50 quantile bins. In grey the floor: mean over pairs of disjoint Monte Carlo samples of the same sizes. "
            + "The bar is W<sub>1</sub> over its floor, full at 5.</p><div class=\"card\"><table><tr><th>observable</th><th class=\"n\">events MC</th><th class=\"n\">generated</th><th class=\"n\">W<sub>1</sub> / σ</th><th class=\"n\">floor</th><th class=\"n\">ratio</th><th></th>"
            + "<th class=\"n\">W<sub>1</sub></th><th class=\"n\">KL</th><th class=\"n\">floor</th><th class=\"n\">JS</th><th class=\"n\">floor</th><th class=\"n\">χ²/dof</th><th class=\"n\">p</th></tr>");
        foreach (var group in report.Observables.GroupBy(o => o.Group))
        {
            html.Append($"<tr class=\"group\"><td colspan=\"14\">{Heading(group.Key)}</td></tr>");
            foreach (var o in group)
            {
                var (w, kl, js) = (o.Wasserstein, o.KullbackLeibler, o.JensenShannon);
                var grade = Grade(w.Ratio, 3, 5);
                html.Append($"<tr><td>{Label.Html(o.Label)}</td><td class=\"n\">{o.MonteCarloEvents:N0}</td><td class=\"n\">{o.GeneratedEvents:N0}</td><td class=\"n\">{Number(w.Value)}</td><td class=\"n floor\">{Number(w.BaselineMean)}</td><td class=\"n {grade}\">{Number(w.Ratio)}</td>");
                html.Append($"<td class=\"bars {grade}\"><span class=\"bar\" style=\"width:{Math.Clamp(double.IsNaN(w.Ratio) ? 0 : w.Ratio * 28, 0, 140):0}px\"></span></td>");
                html.Append($"<td class=\"n\">{Number(o.WassersteinInUnits)}{(o.Unit == "1" ? "" : " " + Label.Escape(o.Unit))}</td><td class=\"n\">{Number(kl.Value)}</td><td class=\"n floor\">{Number(kl.BaselineMean)}</td><td class=\"n\">{Number(js.Value)}</td><td class=\"n floor\">{Number(js.BaselineMean)}</td><td class=\"n\">{Number(o.ChiSquared.Value)}</td><td class=\"n\">{PValue(o.ChiSquaredPValue)}</td></tr>");
            }
        }

        html.Append("</table></div>");
    }

    private static void Histograms(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2 id=\"histograms\">Histograms</h2><p class=\"legend\"><span><i class=\"m\"></i>Monte Carlo</span><span><i class=\"g\"></i>generated</span><span><i class=\"b\"></i>statistical error of Monte Carlo</span></p>");
        foreach (var group in report.Observables.GroupBy(o => o.Group))
        {
            html.Append($"<h3>{Heading(group.Key)}</h3><div class=\"plots\">");
            foreach (var o in group)
            {
                html.Append(Plot(o));
            }

            html.Append("</div>");
        }
    }

    private static void Provenance(StringBuilder html, EvaluationReport report)
    {
        html.Append("<h2 id=\"provenance\">Provenance</h2><div class=\"card\"><dl>");
        void Sample(string name, SampleSummary s) =>
            html.Append($"<dt>{name}</dt><dd>{Label.Escape(s.Source)}, {Label.Escape(s.Selection)}, {s.Events:N0} events, process {Label.Escape(s.Process)}<br><span class=\"soft\">sha256 <code>{Label.Escape(s.Sha256)}</code></span></dd>");
        Sample("Monte Carlo", report.MonteCarlo);
        Sample("Generated", report.Generated);
        html.Append($"<dt>Floor</dt><dd>{report.Floor.Resamplings} times two disjoint samples of {report.Floor.SampleEvents:N0} events, drawn from {report.Floor.PoolEvents:N0} Monte Carlo events</dd>");
        html.Append($"<dt>Service</dt><dd>{Label.Escape(report.ServiceVersion)}</dd></dl></div>");
        if (report.Model is { } model)
        {
            html.Append($"<h3>Model document</h3><div class=\"card\"><pre>{Label.Escape(JsonSerializer.Serialize(model, Indented))}</pre></div>");
        }
    }

    private static string Plot(ObservableResult o) => HistogramPlot.Svg(
        o.Histogram, o.Label, $"W₁ {Number(o.Wasserstein.Ratio)} × floor", o.Unit == "1" ? o.Label : $"{o.Label} [{o.Unit}]");

    private static string Heading(ObservableGroup group) => group switch
    {
        ObservableGroup.Multiplicity => "Multiplicities",
        ObservableGroup.Event => "Whole event",
        ObservableGroup.Balance => "Balances and shapes",
        ObservableGroup.Jets => "Jets",
        ObservableGroup.BJets => "b-jets",
        ObservableGroup.Leptons => "Leptons",
        ObservableGroup.Photons => "Photons",
        ObservableGroup.Columns => "Columns",
        ObservableGroup.Angles => "Angles",
        _ => "Masses",
    };

    private static string Grade(double value, double good, double fair) => double.IsNaN(value) ? "" : value <= good ? "good" : value <= fair ? "fair" : "poor";

    /// <summary>Three significant digits.</summary>
    private static string Number(double value) => !double.IsFinite(value) ? "–" : Math.Abs(value) switch
    {
        0 => "0",
        < 1e-4 or >= 1e5 => $"{value:0.0e0}",
        < 0.01 => $"{value:0.00000}",
        < 1 => $"{value:0.0000}",
        < 10 => $"{value:0.00}",
        < 100 => $"{value:0.0}",
        _ => $"{value:N0}",
    };

    private static string PValue(double p) => !double.IsFinite(p) ? "–" : p < 1e-300 ? "&lt; 1e−300" : p < 1e-3 ? $"{p:0.0e0}".Replace("-", "−", StringComparison.Ordinal) : $"{p:0.000}";

    private static string Signed(double value) => $"{value:+0.0;−0.0;0.0}";
}

using System.Globalization;

using EventService.Registry.Artifacts;

namespace EventService.FunctionalTests.Models;

/// <summary>
/// Validation cards as 'eventservice evaluate' writes them (names and order are those of a written card.json), with figures made up.
/// </summary>
internal static class TestCards
{
    /// <summary>A card of this file that passes the gates, unless a figure or a gate is given that does not.</summary>
    public static string Of(byte[] file, double auc = 0.52, double ratio = 1.5, double largestAuc = 0.6, bool? passed = null) =>
        string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "passed": {{(passed ?? (auc <= largestAuc && ratio <= 3) ? "true" : "false")}},
              "gates": { "largestAuc": {{largestAuc}}, "largestWassersteinRatio": 3 },
              "failures": [{{(passed ?? (auc <= largestAuc && ratio <= 3) ? "" : "\"One figure is beyond its gate.\"")}}],
              "created": "2026-11-22T11:34:14.8879845+00:00",
              "serviceVersion": "0.1.0",
              "monteCarlo": { "source": "ttbar.csv.gz", "sha256": "e547", "selection": "all", "process": "ttbar", "events": 100 },
              "generated": { "source": "model", "sha256": "{{ArtifactStore.Digest(file)}}", "selection": "seed 1, from event 0", "process": "ttbar", "events": 100 },
              "auc": {{auc}},
              "aucError": 0.01,
              "medianWassersteinRatio": 1.1,
              "observables": [ { "name": "HT", "wasserstein": 0.03, "floor": 0.02, "ratio": {{ratio}} } ]
            }
            """);
}

using System.CommandLine;
using System.Globalization;

using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Models.Flows;
using EventService.Models.Flows.Continuous;
using EventService.Models.Flows.Networks;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Benchmarks;

/// <summary>
/// continuous: events and densities a second of a model file with a continuous layer, end to end on one thread, for several numbers of
/// steps, and the share of the machine's limit.
/// </summary>
internal static class ContinuousSamplingBenchmark
{
    private const int PeakTurns = 5_000_000;

    private static readonly Option<FileInfo> s_model = new("--model")
    {
        Description = "Model file between data with a flow as source.",
        Required = true,
    };
    private static readonly Option<double> s_value = new("--value") { Description = "Its condition.", Required = true };
    private static readonly Option<int> s_rounds = new("--rounds")
    {
        Description = "Number of rounds; medians are reported.",
        DefaultValueFactory = _ => 5,
    };

    public static Command Command()
    {
        var command = new Command("continuous", "Sampling and densities of a model with a continuous layer.")
        {
            s_model,
            s_value,
            s_rounds,
        };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var model = EventGenerator.Open(parsed.GetValue(s_model)!.FullName);
        var value = parsed.GetValue(s_value);
        if (model.Model is not ConditionalFlow flow || flow.Layers[0] is not ContinuousLayer { Anchors: { } anchors } layer)
        {
            throw new InvalidOperationException($"Model '{model.Document.Name}' has no continuous layer between data in front of a flow.");
        }

        var report = new Report("Continuous-" + model.Document.Name);
        report.Start(
            Text($"Sampling of {model.Document.Name} at {value}"),
            "dotnet run -c Release --project benchmarks/EventService.Benchmarks -- continuous --model "
                + Text($"{parsed.GetValue(s_model)!.Name} --value {value}"));
        var network = layer.Field.Network;
        report.Line(
            Text($"| Network | {network.Inputs} inputs, {network.Steps.Count} steps, {Operations(network) / 2:N0} multiply-adds; ")
                + Text($"{anchors.Count - 1} leg(s) |"));
        report.Line();
        report.Line(
            "Events a second of processor time on one thread, from the random numbers to the columns, maps and source included; "
            + "medians with least and greatest. The share of the limit counts the multiply-adds of the velocity network alone "
            + "over the whole time. The stored model's steps are for a whole leg; a part of one takes its share.");
        report.Line();
        report.Line("| solver | events/s | share of the limit | densities/s |");
        report.Line("|---|---|---|---|");
        OdeMethod[] methods =
        [
            new OdeMethod.Midpoint(5), new OdeMethod.Midpoint(10), new OdeMethod.Midpoint(20), new OdeMethod.Adaptive(1e-2),
        ];
        foreach (var method in methods)
        {
            var other = new ConditionalFlow(
                model.Document.Conditions,
                [new ContinuousLayer(layer.Field, method, anchors, layer.Origin), .. flow.Layers.Skip(1)],
                layers =>
                    new LayeredFlow(
                        flow.Schema, flow.At([value]).Columns, layers, FlowBase.StandardNormal(flow.Schema.Scalars.Count), new byte[32]));
            Measure(report, other, method, value, layer, model.Document, parsed.GetValue(s_rounds));
        }

        report.Save();
        return 0;
    }

    private static void Measure(
        Report report, ConditionalFlow flow, OdeMethod method, double value, ContinuousLayer layer, ModelDocument document, int rounds)
    {
        const int events = 4096, densities = 32;
        var (block, stream) = (new EventBlock(flow.Schema), new EventStream(1, [value]));
        var sample = EventSample.For(flow.Schema);
        flow.Generate([new EventRange(stream, 0, densities)], block, default);
        for (var k = 0; k < densities; k++)
        {
            sample.AddRow(k, [.. block.Scalars.Select(c => (double)c[k])]);
        }

        var found = new EventDensity[densities];
        flow.LogDensity(sample, [value], found);
        List<double> rates = [], shares = [], densityRates = [];
        for (var round = 0; round < rounds; round++)
        {
            var before = FmaPeak.Measure(PeakTurns);
            var seconds = Seconds(() =>
            {
                for (var first = 0; first < events; first += flow.PreferredChunk)
                {
                    flow.Generate([new EventRange(stream, first, flow.PreferredChunk)], block, default);
                }
            });
            var peak = (before + FmaPeak.Measure(PeakTurns)) / 2;
            rates.Add(events / seconds);
            if (method is OdeMethod.Midpoint midpoint)
            {
                var way = Math.Abs(document.Conditions[0].Scaled(value) - layer.Anchors![layer.Origin]);
                var share = way / (layer.Anchors[^1] - layer.Anchors[0]) * layer.Field.Legs;
                shares.Add(
                    events * 2.0 * Math.Ceiling((midpoint.Steps * share) - 1e-9) * Operations(layer.Field.Network) / seconds / 1e9 / peak);
            }

            densityRates.Add(densities / Seconds(() => flow.LogDensity(sample, [value], found)));
        }

        report.Line(
            $"| {method} | {Report.Spread(rates, "N0")} | {(shares.Count == 0 ? "" : Report.Spread(shares, "P0"))} | "
                + $"{Report.Spread(densityRates, "N0")} |");
    }

    private static double Operations(ConditionerNetwork network) => network.Steps.SelectMany(step => step switch
    {
        ConditionerStep.Dense dense => new[] { dense.Map },
        ConditionerStep.Residual block => [block.First, block.Second],
        _ => [],
    }).Sum(map => 2.0 * map.Weights.Length);

    private static double Seconds(Action work)
    {
        var start = Environment.CpuUsage.UserTime;
        work();
        return (Environment.CpuUsage.UserTime - start).TotalSeconds;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

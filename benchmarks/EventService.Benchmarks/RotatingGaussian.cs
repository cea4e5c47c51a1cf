using System.Globalization;
using System.Text;

using EventService.Engine.Random;
using EventService.Engine.Transport;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Numerics.Functions;
using EventService.Numerics.Statistics;
using EventService.Physics.Events;
using EventService.Training;
using EventService.Training.Catalog;
using EventService.Training.TableFlows;

using Tensor = EventService.Engine.Tensors.Tensor;

namespace EventService.Benchmarks;

/// <summary>A model of the rotating normal distribution: trained at some angles, read at all.</summary>
/// <param name="Name">Name in the report.</param>
/// <param name="Architecture">The architecture as in a recipe.</param>
/// <param name="Angles">Angles at which it sees events [rad].</param>
/// <param name="OptimalTransport">Whether its paths are to be those of optimal transport.</param>
internal sealed record RotatingGaussian(string Name, string Architecture, double[] Angles, bool OptimalTransport)
{
    private const int EventsAtAnAngle = 20_000;
    private const string Field = """
        "frequencies": 4, "solver": { "method": "midpoint", "steps": 20 },
        "network": { "width": 64, "blocks": 2, "residual": true, "activation": "GeluTanh" }
        """;
    private const string Source =
        """ "source": { "flow": { "family": "made", "network": { "width": 16, "blocks": 1, "activation": "Tanh" } } }, """;

    private static readonly double[] s_ends = [0, Math.PI / 2];
    private static readonly double[] s_three = [0, Math.PI / 4, Math.PI / 2];

    public static IReadOnlyList<RotatingGaussian> All { get; } =
    [
        new(
            "conditional flow (A-RQS), midpoint",
            """
            { "family": "a-rqs", "layers": 4, "bins": 8, "bound": 5,
              "network": { "width": 64, "blocks": 1, "residual": true, "activation": "GeluTanh" } }
            """,
            s_three,
            false),
        new(
            "CFM from noise, conditional, midpoint",
            $$"""{ "family": "flow-matching", "pairing": "Independent", {{Field}} }""",
            s_three,
            false),
        new(
            "CFM between data, midpoint",
            $$"""{ "family": "flow-matching", "pairing": "Independent", {{Source}} {{Field}} }""",
            s_three,
            false),
        new("OT-CFM between data, midpoint", $$"""{ "family": "flow-matching", {{Source}} {{Field}} }""", s_three, true),
        new("OT-CFM between data", $$"""{ "family": "flow-matching", {{Source}} {{Field}} }""", s_ends, true),
    ];

    /// <summary>What optimal transport between the angles of training passes at an angle.</summary>
    public Covariance2 Geodesic(double angle)
    {
        var last = Math.Max(1, Array.FindIndex(Angles, a => a >= angle));
        var (from, to) = (Angles[last - 1], Angles[last]);
        return Covariance2.Geodesic(Covariance2.Rotated(from), Covariance2.Rotated(to), (angle - from) / (to - from));
    }

    /// <summary>Trains the model.</summary>
    public EventGenerator Train(ulong seed, int epochs, int threads)
    {
        var recipe = TrainableFamilies.Parse<TableFlowRecipe>(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "name": "rotating-gaussian", "process": "rotating-gaussian", "crossSectionPb": 0,
              "data": {
                "maps": [], "columns": [{ "name": "x", "unit": "1" }, { "name": "y", "unit": "1" }],
                "conditions": [{ "name": "angle", "unit": "rad" }]
              },
              "architecture": {{Architecture}},
              "training": {
                "epochs": {{epochs}}, "batchSize": 512, "shardSize": 512, "learningRate": 0.003, "warmUpSteps": 100,
                "averageDecay": 0.995, "patience": {{epochs}}, "seed": {{seed}}
              }
            }
            """)));
        var sample = new EventSample(3) { ProcessName = "rotating-gaussian" };
        for (var k = 0; k < EventsAtAnAngle * Angles.Length; k++)
        {
            // Blocks of angles, so that the split by rows takes from each alike.
            var angle = Angles[k / EventsAtAnAngle];
            var (x, y) = Draw(Covariance2.Rotated(angle), new PhiloxStream(seed, (ulong)k, 7));
            sample.AddRow(k, [x, y, angle]);
        }

        var training = new TableTraining(sample, recipe, threads, 1_000_000);
        training.Trainer.Run(null, _ => { }, default);
        using var file = new MemoryStream();
        training.Write(file, new ModelOrigin("", "", ""));
        return EventGenerator.Load(file.ToArray());
    }

    /// <summary>Events of the model at an angle, [2, count].</summary>
    public static Tensor Generate(EventGenerator model, double angle, int count)
    {
        var (block, events) = (new EventBlock(model.Model.Schema), new Tensor(2, count));
        for (var first = 0; first < count; first += 1000)
        {
            model.Model.Generate([new EventRange(new EventStream(99, [angle]), first, Math.Min(1000, count - first))], block, default);
            for (var d = 0; d < 2; d++)
            {
                block.Scalars[d].AsSpan(0, block.Count).CopyTo(events.Row(d)[first..]);
            }
        }

        return events;
    }

    /// <summary>Second moments about the origin: the mean, which is zero in truth, counts as an error.</summary>
    public static Covariance2 Moments(Tensor events)
    {
        double xx = 0, xy = 0, yy = 0;
        for (var i = 0; i < events.Columns; i++)
        {
            double x = events[0, i], y = events[1, i];
            (xx, xy, yy) = (xx + (x * x), xy + (x * y), yy + (y * y));
        }

        return new Covariance2(xx / events.Columns, xy / events.Columns, yy / events.Columns);
    }

    /// <summary>
    /// W2 between the first events and as many of the truth, by exact assignment: sees shapes as well as moments, on a floor of its own.
    /// </summary>
    public static double SampleDistance(Tensor events, double angle, int count, ulong seed)
    {
        var (first, truth) = (new Tensor(2, count), Truth(angle, count, seed));
        for (var d = 0; d < 2; d++)
        {
            events.Row(d)[..count].CopyTo(first.Row(d));
        }

        var (cost, partner) = (new float[count * count], new int[count]);
        SquaredDistances.Fill(first, truth, cost);
        new LinearAssignment().Solve(cost, partner);
        return Math.Sqrt(partner.Select((j, i) => (double)cost[(i * count) + j]).Average());
    }

    /// <summary>Events of the truth at an angle, [2, count].</summary>
    public static Tensor Truth(double angle, int count, ulong seed)
    {
        var truth = new Tensor(2, count);
        for (var i = 0; i < count; i++)
        {
            var (x, y) = Draw(Covariance2.Rotated(angle), new PhiloxStream(seed, (ulong)i, 8));
            (truth[0, i], truth[1, i]) = ((float)x, (float)y);
        }

        return truth;
    }

    private static (double X, double Y) Draw(Covariance2 covariance, PhiloxStream random)
    {
        var a = NormalQuantile.Of(random.NextDouble());
        var b = NormalQuantile.Of(random.NextDouble());
        var l = Math.Sqrt(covariance.Xx);
        return (l * a, (covariance.Xy / l * a) + (Math.Sqrt(covariance.Determinant) / l * b));
    }
}

using System.Globalization;

using EventService.Engine.Serialization;
using EventService.Models.ObjectFlow;
using EventService.Models.Sampling;
using EventService.Models.WholeEvents;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventService.Training;

namespace EventService.Benchmarks;

/// <summary>
/// A few batches of real events and a network at its start, for this service and as a file for others to do the same steps.
/// </summary>
internal sealed class TrainingProblem
{
    public const int BatchSize = 1024;
    public const int ShardSize = 512;
    public const int Batches = 8;
    public const float LearningRate = 3e-4f;
    public const float WeightDecay = 5e-2f;
    public const double GradientClip = 5;

    private const ulong Seed = 1;

    private readonly int[] _rows;

    public TrainingProblem(string data, int events)
    {
        Sample = new EventSample();
        using (var reader = DarkMachinesReader.Open(data))
        {
            reader.Read(Sample, events);
        }

        _rows = DataSplit.Rows(Sample.Count, DataSplit.IsTraining);
        Coordinates = EventCoordinates.Fit(Sample, _rows);
        Shards =
        [
            .. Enumerable.Range(0, Batches).Select(b => Enumerable.Range(0, BatchSize / ShardSize).Select(s => Fill(Rows(b, s))).ToArray()),
        ];
    }

    public static ObjectFlowHyperparameters Hyperparameters { get; } = new();

    public EventSample Sample { get; }

    public EventCoordinates Coordinates { get; }

    /// <summary>Filled inputs, a row a batch, a column a shard.</summary>
    public FlowBatch[][] Shards { get; }

    /// <summary>The part of a batch's loss that no parameter changes.</summary>
    public double Constant(int batch) => -Shards[batch].Sum(shard => shard.LogDerivative.Take(ShardSize).Sum()) / BatchSize;

    /// <summary>The events of a shard of a batch.</summary>
    public ReadOnlySpan<int> Rows(int batch, int shard) => _rows.AsSpan((batch * BatchSize) + (shard * ShardSize), ShardSize);

    /// <summary>A network at the start of the training.</summary>
    public static ObjectFlowNetwork CreateNetwork()
    {
        var network = new ObjectFlowNetwork(Hyperparameters);
        network.Initialise(Seed);
        return network;
    }

    /// <summary>
    /// Writes parameters as parameter/name and whole batches as batch/number/slot/what, matrices with a column an object.
    /// </summary>
    public void Write(string path)
    {
        List<SafeTensor> tensors = [];
        var network = CreateNetwork();
        foreach (var p in network.Parameters.Parameters)
        {
            tensors.Add(SafeTensor.FromFloats("parameter/" + p.Name, [p.Value.Rows, p.Value.Columns], p.Value.Span));
        }

        var (spline, azimuth) = (network.Spline, network.AzimuthDensity);
        var metadata = new Dictionary<string, string>
        {
            ["batches"] = Batches.ToString(CultureInfo.InvariantCulture),
            ["batchSize"] = BatchSize.ToString(CultureInfo.InvariantCulture),
            ["blocks"] = Hyperparameters.Blocks.ToString(CultureInfo.InvariantCulture),
            ["bins"] = Hyperparameters.Bins.ToString(CultureInfo.InvariantCulture),
            ["azimuthKnots"] = azimuth.Knots.ToString(CultureInfo.InvariantCulture),
            ["azimuthNodesPerKnot"] = azimuth.NodesPerKnot.ToString(CultureInfo.InvariantCulture),
            ["azimuthFields"] = azimuth.Fields.ToString(CultureInfo.InvariantCulture),
            ["minimumWidth"] = spline.MinimumWidth.ToString("R", CultureInfo.InvariantCulture),
            ["minimumHeight"] = spline.MinimumHeight.ToString("R", CultureInfo.InvariantCulture),
            ["minimumDerivative"] = spline.MinimumDerivative.ToString("R", CultureInfo.InvariantCulture),
            ["learningRate"] = LearningRate.ToString("R", CultureInfo.InvariantCulture),
            ["weightDecay"] = WeightDecay.ToString("R", CultureInfo.InvariantCulture),
            ["gradientClip"] = GradientClip.ToString("R", CultureInfo.InvariantCulture),
        };
        for (var b = 0; b < Batches; b++)
        {
            int[] rows = [.. Enumerable.Range(0, BatchSize / ShardSize).SelectMany(s => Rows(b, s).ToArray())];
            var batch = Fill(rows);
            foreach (var slot in batch.Slots.Where(slot => slot.Count > 0))
            {
                AddSlot(tensors, $"batch/{b}/{slot.Slot}/", slot);
            }
        }

        using var file = File.Create(path);
        SafeTensorsWriter.Write(file, metadata, tensors);
    }

    /// <summary>Multiplications and additions of the matrix products of a step, forward and backward.</summary>
    public double MatrixOperations()
    {
        var sizes = CreateNetwork()
            .Parameters.Parameters.ToDictionary(p => p.Name, p => p.Value.Rows == 1 || p.Value.Columns == 1 ? 0 : (double)p.Value.Length);
        double sum = 0;
        foreach (var slot in Shards.SelectMany(shards => shards).SelectMany(batch => batch.Slots))
        {
            var group = $"{EventSlots.GroupOf(slot.Slot)}.";
            var layers = sizes.Where(size => size.Key.StartsWith(group + "block", StringComparison.Ordinal)).Sum(size => size.Value);
            var inputs = sizes[$"{slot.Slot}.in.weight"];
            foreach (var coordinate in ObjectFlowNetwork.CoordinatesOf(slot.Slot))
            {
                var head = group + HeadName(slot.Slot, coordinate);
                layers += sizes[head + ".first.weight"] + sizes[head + ".out.weight"] + sizes.GetValueOrDefault(head + ".hidden.weight");
                inputs += sizes.GetValueOrDefault($"{head}.{slot.Slot}.weight");
            }

            // Forward, dW and, except for constant inputs, dx: each as many operations as the layer has weights.
            sum += 2 * slot.Count * ((3 * layers) + (2 * inputs));
        }

        return sum / Batches;
    }

    private static string HeadName(SlotClass slot, Coordinate coordinate) => coordinate switch
    {
        Coordinate.Pt => EventSlots.IsLeading(slot) || slot == SlotClass.Met ? "pt" : "fraction",
        Coordinate.Eta => "eta",
        Coordinate.Azimuth => "azimuth",
        _ => "mass",
    };

    private static void AddSlot(List<SafeTensor> tensors, string name, SlotBatch slot)
    {
        tensors.Add(SafeTensor.FromFloats(name + "inputs", [slot.Inputs.Rows, slot.Inputs.Columns], slot.Inputs.Span));
        foreach (var coordinate in ObjectFlowNetwork.CoordinatesOf(slot.Slot))
        {
            tensors.Add(
                SafeTensor.FromFloats($"{name}{coordinate}/target", [slot.Count], slot.Targets[(int)coordinate].AsSpan(0, slot.Count)));
            if (slot.FurtherInputs(coordinate) is { } further)
            {
                tensors.Add(SafeTensor.FromFloats($"{name}{coordinate}/inputs", [further.Rows, further.Columns], further.Span));
            }

            if (coordinate == Coordinate.Azimuth)
            {
                tensors.Add(SafeTensor.FromFloats($"{name}{coordinate}/weight", [slot.Count], slot.AzimuthWeight.AsSpan(0, slot.Count)));
                tensors.Add(
                    SafeTensor.FromFloats(
                        $"{name}{coordinate}/fields", [slot.AzimuthFields.Rows, slot.AzimuthFields.Columns], slot.AzimuthFields.Span));
            }
        }
    }

    private FlowBatch Fill(ReadOnlySpan<int> rows)
    {
        var batch = new FlowBatch(Coordinates, Hyperparameters.ConditionInputs);
        batch.Fill(Sample, rows, _ => [], null);
        return batch;
    }
}

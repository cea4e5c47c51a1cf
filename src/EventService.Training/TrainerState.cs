using System.Globalization;

using EventService.Engine.Serialization;
using EventService.Engine.Tensors;
using EventService.Models.Contracts;

namespace EventService.Training;

/// <summary>
/// Where a training stands, as checkpoints keep it: parameters, their averages and best values, the optimisers' moments, sums over the
/// epoch. Groups share the tensors, which are named by their parameter; sums are named GROUP/NAME where there are several groups, and
/// NAME where there is one.
/// </summary>
internal sealed class TrainerState
{
    private readonly ITrainingTask _task;
    private readonly IReadOnlyList<ParameterGroup> _groups;
    private readonly string[][] _letters;
    private readonly float[][] _best;
    private readonly double[] _epochSums;
    private readonly long[] _epochEvents;
    private double[] _bestValidations = [];

    public TrainerState(ITrainingTask task, IReadOnlyList<ParameterGroup> groups)
    {
        (_task, _groups) = (task, groups);
        static string Letter(string name) => name[..name.IndexOf('/', StringComparison.Ordinal)];
        _letters = [.. groups.Select(g => g.Optimizer.State.Keys.Select(Letter).Distinct().ToArray())];
        _best = [.. task.Parameters.Parameters.Select(p => new float[p.Value.Length])];
        (_epochSums, _epochEvents) = (new double[groups.Count], new long[groups.Count]);
        BestTrainingLosses = [.. groups.Select(_ => double.NaN)];
    }

    /// <summary>Steps done.</summary>
    public long Step { get; set; }

    /// <summary>The metric after the last full epoch; NaN before.</summary>
    public double Validation { get; private set; } = double.NaN;

    public double BestValidation => _bestValidations.Length == 0 ? _task.Metric.Worst : _bestValidations.Sum();

    public int BestEpoch { get; private set; } = -1;

    /// <summary>Mean loss of each group in the best epoch.</summary>
    public double[] BestTrainingLosses { get; }

    public IReadOnlyList<float[]> Best => _best;

    /// <summary>Adds the losses of a group's batch.</summary>
    public void Add(int group, double[] losses, int events)
    {
        foreach (var loss in losses)
        {
            _epochSums[group] += loss;
        }

        _epochEvents[group] += events;
    }

    /// <summary>Mean losses of the epoch so far.</summary>
    public GroupLoss[] Losses() =>
        [.. _groups.Select((group, g) => new GroupLoss(group.Name, _epochSums[g] / Math.Max(_epochEvents[g], 1)))];

    public void BeginEpoch()
    {
        Array.Clear(_epochSums);
        Array.Clear(_epochEvents);
    }

    /// <summary>Keeps what is better than all before.</summary>
    public void Take(IReadOnlyList<ValidationPart> parts, int epoch)
    {
        Validation = parts.Sum(p => p.Value);
        if (_bestValidations.Length == 0)
        {
            _bestValidations = [.. parts.Select(_ => _task.Metric.Worst)];
        }

        for (var k = 0; k < parts.Count; k++)
        {
            if (!_task.Metric.IsBetter(parts[k].Value, _bestValidations[k]))
            {
                continue;
            }

            (_bestValidations[k], BestEpoch) = (parts[k].Value, epoch);
            for (var g = 0; g < _groups.Count; g++)
            {
                BestTrainingLosses[g] = _epochSums[g] / _epochEvents[g];
            }

            for (var p = parts[k].First; p < parts[k].End; p++)
            {
                _task.Average.Parameters[p].Value.Span.CopyTo(_best[p]);
            }
        }
    }

    /// <summary>Writes the whole state to a file, replacing it at once.</summary>
    public void Write(string path, IReadOnlyDictionary<string, string> fingerprint)
    {
        List<SafeTensor> tensors = [];
        foreach (var p in _task.Parameters.Parameters)
        {
            long[] shape = [p.Value.Rows, p.Value.Columns];
            tensors.Add(SafeTensor.FromFloats("parameter/" + p.Name, shape, p.Value.Span));
            tensors.Add(SafeTensor.FromFloats("average/" + p.Name, shape, _task.Average.Parameters[p.Index].Value.Span));
            tensors.Add(SafeTensor.FromFloats("best/" + p.Name, shape, _best[p.Index]));
            tensors.AddRange(Moments(p).Select(m => SafeTensor.FromFloats(m.Name, shape, m.Values)));
        }

        static string Exact(double value) => BitConverter.DoubleToInt64Bits(value).ToString(CultureInfo.InvariantCulture);
        var metadata = new Dictionary<string, string>
        {
            ["step"] = Step.ToString(CultureInfo.InvariantCulture),
            ["validationLoss"] = Exact(Validation),
            ["bestLoss"] = string.Join(' ', _bestValidations.Select(Exact)),
            ["bestEpoch"] = BestEpoch.ToString(CultureInfo.InvariantCulture),
        };
        for (var g = 0; g < _groups.Count; g++)
        {
            metadata.Add(Key(g, "epochSum"), Exact(_epochSums[g]));
            metadata.Add(Key(g, "epochEvents"), _epochEvents[g].ToString(CultureInfo.InvariantCulture));
            metadata.Add(Key(g, "bestTrainingLoss"), Exact(BestTrainingLosses[g]));
        }

        foreach (var (name, value) in fingerprint)
        {
            metadata.Add(name, value);
        }

        var temporary = path + ".tmp";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
        {
            SafeTensorsWriter.Write(file, metadata, tensors);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>
    /// Takes the state from a checkpoint of the same run; the optimisers get their moments, and have to be told their steps.
    /// </summary>
    /// <exception cref="ModelFormatException">The checkpoint belongs to a run with other options, data or architecture.</exception>
    public void Read(string path, IReadOnlyDictionary<string, string> fingerprint)
    {
        var file = SafeTensorsFile.Read(path);
        if (RunFingerprint.Differences(file.Metadata, fingerprint) is { Count: > 0 } differences)
        {
            throw new ModelFormatException(
                $"Checkpoint '{path}' belongs to another run: {string.Join("; ", differences)}. "
                + "Give the same options and data, or start without --resume.");
        }

        foreach (var p in _task.Parameters.Parameters)
        {
            file["parameter/" + p.Name].ToFloats().CopyTo(p.Value.Span);
            file["average/" + p.Name].ToFloats().CopyTo(_task.Average.Parameters[p.Index].Value.Span);
            file["best/" + p.Name].ToFloats().CopyTo(_best[p.Index].AsSpan());
            foreach (var (name, values) in Moments(p))
            {
                file[name].ToFloats().CopyTo(values.AsSpan());
            }
        }

        static double Double(string bits) => BitConverter.Int64BitsToDouble(Long(bits));
        static long Long(string text) => long.Parse(text, CultureInfo.InvariantCulture);
        Step = Long(file.Metadata["step"]);
        Validation = Double(file.Metadata["validationLoss"]);
        _bestValidations = [.. file.Metadata["bestLoss"].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Double)];
        BestEpoch = (int)Long(file.Metadata["bestEpoch"]);
        for (var g = 0; g < _groups.Count; g++)
        {
            _epochSums[g] = Double(file.Metadata[Key(g, "epochSum")]);
            _epochEvents[g] = Long(file.Metadata[Key(g, "epochEvents")]);
            BestTrainingLosses[g] = Double(file.Metadata[Key(g, "bestTrainingLoss")]);
        }
    }

    private string Key(int group, string name) => _groups.Count == 1 ? name : $"{_groups[group].Name}/{name}";

    /// <summary>What the optimiser of its group keeps of a parameter.</summary>
    private IEnumerable<(string Name, float[] Values)> Moments(Parameter parameter)
    {
        var group = Enumerable.Range(0, _groups.Count).First(g => _groups[g].First <= parameter.Index && parameter.Index < _groups[g].End);
        foreach (var letter in _letters[group])
        {
            var name = $"{letter}/{parameter.Name}";
            yield return (name, _groups[group].Optimizer.State[name]);
        }
    }
}

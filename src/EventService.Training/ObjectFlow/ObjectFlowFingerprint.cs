using System.Runtime.InteropServices;
using System.Security.Cryptography;

using EventService.Models.ObjectFlow;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training.ObjectFlow;

/// <summary>
/// All that the training of an object flow is a function of: options, sizes of the networks, and digests of the events and of the maps
/// fitted to them.
/// </summary>
internal static class ObjectFlowFingerprint
{
    /// <summary>The entries for a checkpoint's metadata.</summary>
    public static Dictionary<string, string> Of(
        EventSample sample,
        int[] training,
        int[] validation,
        Func<int, double[]> condition,
        EventCoordinates coordinates,
        ObjectFlowHyperparameters hyper,
        TrainingOptions options)
    {
        var run = new Dictionary<string, string>
        {
            [RunFingerprint.Prefix + "process"] = sample.ProcessName,
            [RunFingerprint.Prefix + "events"] = Digest(sample),
            [RunFingerprint.Prefix + "training rows"] = Digest(training, condition),
            [RunFingerprint.Prefix + "validation rows"] = Digest(validation, condition),
            [RunFingerprint.Prefix + "coordinate maps"] = Digest(coordinates),
        };
        var settings = RunFingerprint.Of(options, nameof(TrainingOptions.Threads), nameof(TrainingOptions.CheckpointSteps));
        foreach (var (name, value) in settings.Concat(RunFingerprint.Of(hyper)))
        {
            run.Add(name, value);
        }

        return run;
    }

    /// <summary>
    /// Number of events and sha256 of every column that the model takes. Some facts are of the whole sample, so all events count.
    /// </summary>
    private static string Digest(EventSample sample)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, sample.Weight);
        Append(hash, sample.Met);
        Append(hash, sample.MetPhi);
        Append(hash, sample.Offsets);
        Append(hash, sample.Type);
        Append(hash, sample.Energy);
        Append(hash, sample.Pt);
        Append(hash, sample.Eta);
        Append(hash, sample.Phi);
        Append(hash, sample.Mass);
        return $"{sample.Count}, {Hex(hash)}";
    }

    /// <summary>Number of rows and sha256 of their places and conditions.</summary>
    private static string Digest(int[] rows, Func<int, double[]> condition)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append<int>(hash, rows);
        Append<double>(hash, [.. rows.SelectMany(condition)]);
        return $"{rows.Length}, {Hex(hash)}";
    }

    private static string Digest(EventCoordinates coordinates)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append<double>(hash, [.. coordinates.EtaLimits]);
        var maps = coordinates.PtMaps.Concat(coordinates.EtaMaps).Concat(coordinates.MassMaps).Append(coordinates.MetMap);
        foreach (var map in coordinates.AcrossMap is { } across ? maps.Append(across) : maps)
        {
            Append<double>(hash, [.. map.Knots]);
            Append<double>(hash, [.. map.Values]);
            Append<double>(hash, [.. map.Derivatives]);
        }

        foreach (var table in coordinates.Azimuth.Tables.Take(AzimuthCorrelations.FittedTables))
        {
            Append<double>(hash, table is null ? [] : [table.Lowest, table.Highest, .. table.LogFactor]);
        }

        return Hex(hash);
    }

    private static string Hex(IncrementalHash hash) => "sha256 " + Convert.ToHexStringLower(hash.GetHashAndReset());

    // Each run of values with its length, so that none can pass for a part of the next.
    private static void Append<T>(IncrementalHash hash, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var length = values.Length;
        hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in length)));
        hash.AppendData(MemoryMarshal.AsBytes(values));
    }
}

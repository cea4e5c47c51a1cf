using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

using EventService.Models.Documents;
using EventService.Models.ObjectFlow;
using EventService.Models.ObjectFlow.Azimuths;
using EventService.Models.Sampling;
using EventService.Physics.Events;

namespace EventService.Training;

/// <summary>
/// All that a training run is a function of, name by name, as a checkpoint keeps it: options, sizes of the network, and digests of the
/// events and of the maps fitted to them. Threads and checkpoint times are left out: the result does not depend on them.
/// </summary>
internal static class RunFingerprint
{
    internal const string Prefix = "run/";
    private static readonly string[] s_noInfluence = [nameof(TrainingOptions.Threads), nameof(TrainingOptions.CheckpointSteps)];

    /// <summary>The entries for a checkpoint's metadata.</summary>
    public static Dictionary<string, string> Of(EventSample sample, int[] training, int[] validation, Func<int, double[]> condition, EventCoordinates coordinates, ObjectFlowHyperparameters hyper, TrainingOptions options)
    {
        var run = new Dictionary<string, string>
        {
            [Prefix + "process"] = sample.ProcessName,
            [Prefix + "events"] = Digest(sample),
            [Prefix + "training rows"] = Digest(training, condition),
            [Prefix + "validation rows"] = Digest(validation, condition),
            [Prefix + "coordinate maps"] = Digest(coordinates),
        };
        foreach (var property in Properties(options).Concat(Properties(hyper)))
        {
            run.Add(Prefix + property.Name, property.Value.GetRawText());
        }

        foreach (var name in s_noInfluence)
        {
            run.Remove(Prefix + JsonNamingPolicy.CamelCase.ConvertName(name));
        }

        return run;
    }

    /// <summary>
    /// What differs between a checkpoint and this run, such as "seed (found 3, expected 4)" or "training.epochs (found 8, expected 16)"; empty if nothing does. A field that
    /// only one of them has counts as empty, so that a service with more optional fields takes up checkpoints of one with fewer.
    /// </summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> checkpoint, IReadOnlyDictionary<string, string> run)
    {
        var names = checkpoint.Keys.Where(k => k.StartsWith(Prefix, StringComparison.Ordinal)).Union(run.Keys);
        return [.. names.Order(StringComparer.Ordinal).SelectMany(name => Differences(name[Prefix.Length..], Parsed(checkpoint.GetValueOrDefault(name)), Parsed(run.GetValueOrDefault(name))))];
    }

    private static IEnumerable<string> Differences(string name, JsonElement? found, JsonElement? expected)
    {
        if (found is { ValueKind: JsonValueKind.Object } a && expected is { ValueKind: JsonValueKind.Object } b)
        {
            return a.EnumerateObject().Concat(b.EnumerateObject()).Select(p => p.Name).Distinct().SelectMany(p => Differences($"{name}.{p}", Member(a, p), Member(b, p)));
        }

        if (found is { ValueKind: JsonValueKind.Array } c && expected is { ValueKind: JsonValueKind.Array } d && c.GetArrayLength() == d.GetArrayLength())
        {
            return Enumerable.Range(0, c.GetArrayLength()).SelectMany(k => Differences($"{name}[{k}]", c[k], d[k]));
        }

        return Text(found) == Text(expected) ? [] : [$"{name} (found {Text(found)}, expected {Text(expected)})"];
    }

    private static JsonElement? Member(JsonElement of, string name) => of.TryGetProperty(name, out var member) ? member : null;

    /// <summary>An entry as JSON; a digest or a name, which is none, as text.</summary>
    private static JsonElement? Parsed(string? entry)
    {
        if (entry is null)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(entry);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(entry);
        }
    }

    private static string Text(JsonElement? value) => value switch
    {
        null or { ValueKind: JsonValueKind.Null or JsonValueKind.False } => "none",
        { ValueKind: JsonValueKind.Array } array when array.GetArrayLength() == 0 => "none",
        { ValueKind: JsonValueKind.String } text => text.GetString()!,
        { } other => other.GetRawText(),
    };

    private static IEnumerable<JsonProperty> Properties<T>(T record) => JsonSerializer.SerializeToElement(record, ModelJson.Options).EnumerateObject();

    /// <summary>Number of events and sha256 of every column that the model takes. Some facts are of the whole sample, so all events count.</summary>
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
        foreach (var map in coordinates.PtMaps.Concat(coordinates.EtaMaps).Concat(coordinates.MassMaps).Append(coordinates.MetMap).Concat(coordinates.AcrossMap is { } across ? [across] : []))
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

using System.Text.Json;

using EventService.Models.Documents;

namespace EventService.Training;

/// <summary>
/// All that a training run is a function of, name by name, as a checkpoint keeps it: each kind of training says what that is. Threads and
/// checkpoint times are left out: the result does not depend on them.
/// </summary>
internal static class RunFingerprint
{
    internal const string Prefix = "run/";

    /// <summary>
    /// What differs between a checkpoint and this run, such as "seed (found 3, expected 4)" or "training.epochs (found 8, expected
    /// 16)"; empty if nothing does. A field that only one of them has counts as empty, so that a service with more optional fields
    /// takes up checkpoints of one with fewer.
    /// </summary>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> checkpoint, IReadOnlyDictionary<string, string> run)
    {
        var names = checkpoint.Keys.Where(k => k.StartsWith(Prefix, StringComparison.Ordinal)).Union(run.Keys);
        return [.. names.Order(StringComparer.Ordinal).SelectMany(name =>
            Differences(name[Prefix.Length..], Parsed(checkpoint.GetValueOrDefault(name)), Parsed(run.GetValueOrDefault(name))))];
    }

    private static IEnumerable<string> Differences(string name, JsonElement? found, JsonElement? expected)
    {
        if (found is { ValueKind: JsonValueKind.Object } a && expected is { ValueKind: JsonValueKind.Object } b)
        {
            return a.EnumerateObject().Concat(b.EnumerateObject()).Select(p => p.Name).Distinct()
                .SelectMany(p => Differences($"{name}.{p}", Member(a, p), Member(b, p)));
        }

        if (found is { ValueKind: JsonValueKind.Array } c && expected is { ValueKind: JsonValueKind.Array } d
            && c.GetArrayLength() == d.GetArrayLength())
        {
            return Enumerable.Range(0, c.GetArrayLength()).SelectMany(k => Differences($"{name}[{k}]", c[k], d[k]));
        }

        return Text(found) == Text(expected) ? [] : [$"{name} (found {Text(found)}, expected {Text(expected)})"];
    }

    private static JsonElement? Member(JsonElement of, string name) => of.TryGetProperty(name, out var member) ? member : null;

    /// <summary>An entry as JSON; a digest or a name, which is not JSON, as text.</summary>
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

    /// <summary>The fields of a record as entries, without those that have no influence on the result.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Of<T>(T record, params string[] except) =>
        JsonSerializer.SerializeToElement(record, ModelJson.Options).EnumerateObject()
            .Where(p => !except.Contains(p.Name, StringComparer.OrdinalIgnoreCase))
            .Select(p => KeyValuePair.Create(Prefix + p.Name, p.Value.GetRawText()));
}

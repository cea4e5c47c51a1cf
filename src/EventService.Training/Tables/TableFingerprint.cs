using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

using EventService.Models.Documents;
using EventService.Physics.Events;

namespace EventService.Training.Tables;

/// <summary>All that a training on a table is a function of: the recipe, the events and the maps fitted to them.</summary>
internal static class TableFingerprint
{
    /// <param name="sample">The events.</param>
    /// <param name="coordinates">With the maps.</param>
    /// <param name="recipe">Those parts of the recipe that the training depends on.</param>
    public static Dictionary<string, string> Of(EventSample sample, TableCoordinates coordinates, JsonElement recipe)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var k = 0; k < sample.Count; k++)
        {
            hash.AppendData(MemoryMarshal.AsBytes(sample.Row(k)));
        }

        var maps = JsonSerializer.SerializeToUtf8Bytes(coordinates.Columns.Select(c => c.Maps), ModelJson.Options);
        var run = new Dictionary<string, string>
        {
            [RunFingerprint.Prefix + "events"] = $"{sample.Count}, sha256 {Convert.ToHexStringLower(hash.GetHashAndReset())}",
            [RunFingerprint.Prefix + "maps"] = "sha256 " + Convert.ToHexStringLower(SHA256.HashData(maps)),
        };
        foreach (var part in recipe.EnumerateObject())
        {
            run.Add(RunFingerprint.Prefix + part.Name, part.Value.GetRawText());
        }

        return run;
    }
}

using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;

using EventService.Engine.Serialization;
using EventService.FunctionalTests.Databases;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Registry;
using EventService.Registry.Artifacts;
using EventService.Registry.Files;
using EventService.Training.Recipes;

namespace EventService.FunctionalTests;

/// <summary>Files that are sent as models and are none: each is refused by a sentence of its own, and none becomes visible.</summary>
public sealed class RefusedFileTests
{
    private const string Recipe = "Convert it where you trust it: import torch, safetensors.torch; safetensors.torch.save_file(";

    // The list of architectures has the names; how a sentence puts them together is said here.
    private static string UnknownArchitecture
    {
        get
        {
            string[] names = [.. ModelArchitectures.All.Select(a => $"'{a.Name}'")];
            return $"The model has the architecture 'transformer', expected {string.Join(", ", names[..^1])} or {names[^1]}.";
        }
    }

    private static readonly byte[] s_good = File.ReadAllBytes(Path.Combine(LocalModels.Resolve("models"), "ttbar-objects.safetensors"));

    [Fact]
    public async Task PostModel_BadFile_IsRefusedByItsOwnSentence()
    {
        await using var test = await TestRegistry.EmptyAsync(DatabaseKind.Sqlite);
        // An empty folder of shipped models, and the real loader.
        await using var service = new RunningService(workers: 2, Directory.CreateDirectory(Path.Combine(test.Folder, "none")).FullName, test);
        var client = await service.ClientAsync("alice", "read publish");
        var sentences = new List<string>();
        foreach (var (what, file, query, sentence) in Bad())
        {
            using var response = await client.PublishAsync(file, query);
            var body = await response.Content.ReadAsStringAsync();
            Assert.True((int)response.StatusCode == 400, $"{what}: {(int)response.StatusCode} {body}");
            var detail = JsonNode.Parse(body)!["detail"]!.GetValue<string>();
            Assert.True(detail.Contains(sentence, StringComparison.Ordinal), $"{what}: {detail}");
            sentences.Add(sentence);
        }

        Assert.Equal(sentences.Count, sentences.Distinct().Count());
        Assert.Equal(0, (await client.JsonAsync("/models")).GetArrayLength());
        Assert.Equal(["0"], await test.QueryAsync("SELECT count(*) FROM artifact_chunk"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(test.Folder, "cache")));

        // The same way, unspoiled.
        await client.PublishAsync(s_good, $"?sha256={ArtifactStore.Digest(s_good)}").JsonAsync(201);
    }

    private static IEnumerable<(string What, byte[] File, string Query, string Sentence)> Bad()
    {
        var wrongByte = s_good.ToArray();
        wrongByte[^1] ^= 1;
        yield return ("a wrong byte", wrongByte, $"?sha256={ArtifactStore.Digest(s_good)}", $"has the sha256 {ArtifactStore.Digest(wrongByte)}, expected {ArtifactStore.Digest(s_good)}: bytes changed on the way");

        // The last tensor begins later, or earlier, than the one before ends; its length stays.
        yield return ("a hole", Shifted(+8), "", "there is a hole");
        yield return ("an overlap", Shifted(-8), "", "tensors overlap");
        yield return ("NaN weights", WithFirstWeight(float.NaN), "", "is NaN as float32, expected a finite number");
        yield return ("infinite weights", WithFirstWeight(float.PositiveInfinity), "", "is Infinity as float32, expected a finite number");

        var longHeader = s_good[..4096];
        BinaryPrimitives.WriteUInt64LittleEndian(longHeader, 2UL << 30);
        yield return ("a header of 2 GB", longHeader, "", "The first eight bytes give a header of 2147483648 bytes, expected at most 100000000.");
        yield return ("cut short", s_good[..^100_000], "", "reach beyond the ");
        yield return ("bytes behind the end", [.. s_good, 0, 0, 0, 0, 0, 0, 0, 0], "", "8 bytes belong to no tensor");
        yield return ("a zip archive", Zip(), "", "This is a zip archive, as torch.save writes it; such files can run code when loaded, so only safetensors are read. " + Recipe);
        yield return ("a pickle", [0x80, 2, .. "}q\0."u8, .. new byte[100]], "", "This is a pickle, as torch.save writes it; such files can run code when loaded, so only safetensors are read. " + Recipe);
        yield return ("text", Encoding.UTF8.GetBytes("Dear registry, here is my model."), "", "The first eight bytes give a header of 7450486642237859140 bytes" /* "Dear reg" in little-endian */);
        yield return ("safetensors without a document", Tensors(metadata: null), "", "The file is safetensors without a document");
        yield return ("a document that is none", Tensors(metadata: "[]"), "", "The model's document cannot be read");
        yield return ("an unknown architecture", WithDocument(d => d["architecture"] = "transformer"), "", UnknownArchitecture);
        yield return ("another shape", WithDocument(d => d["hyperparameters"]!["width"] = 7), "", "expected F32 [7, ");
        yield return ("a later format", WithDocument(d => d["formatVersion"] = 99), "", "The model's document has format version 99, expected 1.");
    }

    private static byte[] Tensors(string? metadata)
    {
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, metadata is null ? [] : new Dictionary<string, string> { [ModelDocument.MetadataKey] = metadata }, []);
        return stream.ToArray();
    }

    /// <summary>The header of the good file, edited, before its data.</summary>
    private static byte[] WithHeader(Action<JsonObject> edit)
    {
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(s_good);
        var header = JsonNode.Parse(s_good.AsSpan(8, length))!.AsObject();
        edit(header);
        var json = Encoding.UTF8.GetBytes(header.ToJsonString());
        var file = new byte[8 + json.Length + s_good.Length - 8 - length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)json.Length);
        json.CopyTo(file, 8);
        s_good.AsSpan(8 + length).CopyTo(file.AsSpan(8 + json.Length));
        return file;
    }

    private static byte[] WithDocument(Action<JsonObject> edit) => WithHeader(header =>
    {
        var metadata = header["__metadata__"]!.AsObject();
        var document = JsonNode.Parse(metadata[ModelDocument.MetadataKey]!.GetValue<string>())!.AsObject();
        edit(document);
        metadata[ModelDocument.MetadataKey] = document.ToJsonString();
    });

    private static byte[] Shifted(int bytes)
    {
        var file = WithHeader(header =>
        {
            var last = Offsets(header).MaxBy(o => o[1]!.GetValue<long>())!;
            last[0] = last[0]!.GetValue<long>() + bytes;
            last[1] = last[1]!.GetValue<long>() + bytes;
        });
        return bytes > 0 ? [.. file, .. new byte[bytes]] : file[..^-bytes];
    }

    private static byte[] WithFirstWeight(float value)
    {
        var file = s_good.ToArray();
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        var weights = header.First(t => t.Key.StartsWith("network/", StringComparison.Ordinal)).Value!["data_offsets"]![0]!.GetValue<int>();
        BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(8 + length + weights), value);
        return file;
    }

    private static IEnumerable<JsonArray> Offsets(JsonObject header) =>
        header.Where(t => t.Key != "__metadata__").Select(t => t.Value!["data_offsets"]!.AsArray());

    private static byte[] Zip()
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        using (var entry = archive.CreateEntry("archive/data.pkl").Open())
        {
            entry.Write([0x80, 2, .. "}q\0."u8]);
        }

        return stream.ToArray();
    }
}

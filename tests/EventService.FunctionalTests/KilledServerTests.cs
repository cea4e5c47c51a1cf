using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

using EventService.Engine.Random;
using EventService.Engine.Serialization;
using EventService.FunctionalTests.Databases;
using EventService.Generation.Requests;
using EventService.Models.Documents;
using EventService.Models.Sampling;
using EventService.Registry;
using EventService.Registry.Artifacts;
using EventService.Registry.Files;

using Xunit.Abstractions;

namespace EventService.FunctionalTests;

/// <summary>
/// A server that is killed (SIGKILL) at random points of uploads and promotions: after its next start no half-written version is
/// visible, each acknowledged one is complete, and what production means is what was acknowledged last or asked for last.
/// benchmarks/soak/kill.sh runs it with 100 kills.
/// </summary>
public sealed class KilledServerTests(ITestOutputHelper output)
{
    private const string Variable = "EVENTSERVICE_TEST_KILLS";
    private const int Padding = 5 << 20;

    private static readonly byte[] s_model = File.ReadAllBytes(Path.Combine(LocalModels.Resolve("models"), "ttbar-objects.safetensors"));

    [Theory, OnSqlite, OnPostgres]
    public async Task Server_KilledDuringUploadsAndPromotions_LosesNothingAndShowsNothingHalf(DatabaseKind database)
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } n ? n : "10", CultureInfo.InvariantCulture);
        var draw = new PhiloxStream(key: 9, stream: (ulong)database);
        await using var test = await TestRegistry.EmptyAsync(database);
        var server = await ServerProcess.StartAsync(test);
        try
        {
            // How long an upload with its promotion takes here: the kills fall evenly into a little more than that.
            var start = Stopwatch.GetTimestamp();
            var sent = new HashSet<string> { ArtifactStore.Digest(Version(0)) };
            var production = await UploadAndPromoteAsync(server.Client, Version(0), 0, _ => { });
            var usual = Stopwatch.GetElapsedTime(start);
            var acknowledged = new Dictionary<int, string> { [production!.Value] = ArtifactStore.Digest(Version(0)) };
            var found = new SortedDictionary<string, int>(StringComparer.Ordinal);
            for (var i = 1; i <= kills; i++)
            {
                var file = Version(i);
                sent.Add(ArtifactStore.Digest(file));
                int? uploaded = null;
                start = Stopwatch.GetTimestamp();
                var work = UploadAndPromoteAsync(server.Client, file, i, version => uploaded = version);
                await Task.WhenAny(work, Task.Delay(usual * (1.2 * draw.NextDouble())));
                // A machine that others use too is fast now and slow then: half of the kills shall come early, whatever it does.
                usual = work.IsCompletedSuccessfully && await work is not null ? Stopwatch.GetElapsedTime(start) : usual * 1.3;
                server.Kill();
                var promoted = await work;
                await server.DisposeAsync();

                // Copies on this machine's disk would say nothing about the database.
                Directory.CreateDirectory(Path.Combine(test.Folder, "cache")).Delete(recursive: true);
                server = await ServerProcess.StartAsync(test);
                if (uploaded is { } number)
                {
                    acknowledged[number] = ArtifactStore.Digest(file);
                }

                production = await CheckAsync(server.Client, sent, acknowledged, ArtifactStore.Digest(file), promoted, production!.Value);
                var state = promoted is not null ? "after a promotion"
                    : uploaded is not null ? "during a promotion"
                    : acknowledged.ContainsValue(ArtifactStore.Digest(file)) ? "during an upload that was registered already" : "during an upload";
                found[state] = found.GetValueOrDefault(state) + 1;
            }

            foreach (var (number, sha256) in acknowledged)
            {
                Assert.Equal(sha256, ArtifactStore.Digest(await server.Client.GetByteArrayAsync($"/models/killed/versions/{number}/file")));
            }

            // Killing that always comes too late, or too early, shows nothing.
            output.WriteLine($"{database}: {kills} kills; {string.Join(", ", found.Select(f => $"{f.Value} {f.Key}"))}; an upload with its promotion takes {usual.TotalMilliseconds:F0} ms.");
            Assert.True(found.Keys.Any(k => k.StartsWith("during", StringComparison.Ordinal)), "No kill fell into an upload or a promotion.");
        }
        finally
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>The number of the version that was acknowledged as production; null where the server died before that.</summary>
    private static async Task<int?> UploadAndPromoteAsync(HttpClient client, byte[] file, int i, Action<int> uploaded)
    {
        try
        {
            using var content = new SlowContent(file);
            using var response = await client.PostAsync($"/models?sha256={ArtifactStore.Digest(file)}", content);
            var number = System.Text.Json.JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("version").GetInt32();
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
            uploaded(number);
            using var moved = await client.MoveAsync("killed", "production", $$"""{"version":{{number}},"reason":"upload {{i}}","override":true}""");
            Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
            return number;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Text.Json.JsonException)
        {
            return null;
        }
    }

    /// <summary>What is visible is whole and was sent; what was acknowledged is visible. Returns the version in production.</summary>
    private static async Task<int> CheckAsync(
        HttpClient client, HashSet<string> sent, Dictionary<int, string> acknowledged, string last, int? promoted, int productionBefore)
    {
        var model = await client.JsonAsync("/models/killed");
        var visible = model.GetProperty("versions").EnumerateArray().ToDictionary(v => v.GetProperty("version").GetInt32(), v => v.GetProperty("sha256").GetString()!);
        Assert.Equal(Enumerable.Range(1, visible.Count), visible.Keys.Order());
        Assert.All(acknowledged, a => Assert.Equal(a.Value, visible[a.Key]));
        foreach (var (number, sha256) in visible.Where(v => v.Value == last || !acknowledged.ContainsKey(v.Key)))
        {
            var bytes = await client.GetByteArrayAsync($"/models/killed/versions/{number}/file");
            Assert.Equal(sha256, ArtifactStore.Digest(bytes));
            Assert.True(sent.Contains(sha256), $"Version {number} is nothing that was sent.");
        }

        // One that was not acknowledged may be there, whole; from here on it counts.
        foreach (var (number, sha256) in visible)
        {
            acknowledged[number] = sha256;
        }

        var alias = await client.JsonAsync("/models/killed/aliases/production");
        var now = alias.GetProperty("version").GetInt32();
        var asked = visible.Where(v => v.Value == last).Select(v => v.Key).SingleOrDefault(-1);
        Assert.True(promoted is { } p ? now == p : now == productionBefore || now == asked, $"Production is {now}, acknowledged {promoted}, before {productionBefore}.");
        var history = (await client.JsonAsync("/models/killed/history?alias=production")).EnumerateArray().ToArray();
        Assert.Equal(now, history[^1].GetProperty("version").GetInt32());
        Assert.Equal(alias.GetProperty("revision").GetInt32(), history.Length);
        return now;
    }

    /// <summary>The shipped model with another description, and so another digest, and with a header long enough for three rows.</summary>
    private static byte[] Version(int i)
    {
        var tensors = SafeTensorsFile.Read(s_model);
        var document = JsonNode.Parse(tensors.Metadata[ModelDocument.MetadataKey])!;
        document["name"] = "killed";
        document["description"] = $"Upload {i}";
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, new Dictionary<string, string> { [ModelDocument.MetadataKey] = document.ToJsonString() }, tensors.Tensors);
        var file = stream.ToArray();
        var end = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)(end - 8 + Padding));
        byte[] padding = new byte[Padding];
        Array.Fill(padding, (byte)' ');
        return [.. file.AsSpan(0, end), .. padding, .. file.AsSpan(end)];
    }

    /// <summary>A body that takes its time, as one from afar does.</summary>
    private sealed class SlowContent(byte[] bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var at = 0; at < bytes.Length; at += 1 << 18)
            {
                await stream.WriteAsync(bytes.AsMemory(at, Math.Min(1 << 18, bytes.Length - at)));
                await stream.FlushAsync();
                await Task.Delay(10);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}

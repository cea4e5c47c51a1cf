using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests;

/// <summary>Model files and their cards, in and out over HTTP.</summary>
public sealed class ModelFilesApiTests
{
    private static readonly byte[] s_file = TestModels.Bytes("mine", "ttbar");
    private static readonly string s_sha256 = Convert.ToHexStringLower(SHA256.HashData(s_file));

    [Theory, OnSqlite, OnPostgres]
    public async Task PostModel_AFileThatIsNew_IsItsNextVersionAndComesBackByteByByte(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await service.ClientAsync("alice", "read publish");

        using var first = await client.PublishAsync(s_file, $"?sha256={s_sha256}");
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);
        Assert.Equal("/models/mine/versions/1", first.Headers.Location?.OriginalString);
        var second = await client.PublishAsync(TestModels.Bytes("mine", "ttbar", description: "another"), $"?sha256={new string('0', 64)}");
        await Problem.ExpectAsync(second, 400, "The file that arrived, ");
        Assert.Equal(2, (await client.PublishAsync(TestModels.Bytes("mine", "ttbar", description: "another")).JsonAsync(201)).GetProperty("version").GetInt32());

        var version = await client.JsonAsync("/models/mine/versions/1");
        Assert.Equal(s_sha256, version.GetProperty("sha256").GetString());
        Assert.Equal(s_file.Length, version.GetProperty("sizeBytes").GetInt64());
        Assert.Equal("alice", version.GetProperty("createdBy").GetString());
        Assert.Equal("mine", version.GetProperty("document").GetProperty("name").GetString());
        Assert.Equal(s_file, await client.GetByteArrayAsync("/models/mine/versions/1/file"));

        // Nothing is in production that nobody promoted, and it generates for those who name it.
        Assert.Empty((await client.JsonAsync("/models/mine")).GetProperty("aliases").EnumerateObject());
        using var events = await service.CreateClient().PostAsync("/generate?model=mine&version=1&n=1", null);
        Assert.Equal(HttpStatusCode.OK, events.StatusCode);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task PostModel_AFileThatIsThere_IsAnsweredWithItsVersion(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await service.ClientAsync("alice", "read publish");
        await client.PublishAsync(s_file).JsonAsync(201);
        await client.PublishAsync(TestModels.Bytes("mine", "ttbar", description: "another")).JsonAsync(201);

        var again = await client.PublishAsync(s_file).JsonAsync();
        Assert.Equal((1, false), (again.GetProperty("version").GetInt32(), again.GetProperty("isNew").GetBoolean()));
        var elsewhere = await client.PublishAsync(s_file, "?name=yours").JsonAsync(201);
        Assert.Equal(("yours", 1), (elsewhere.GetProperty("name").GetString(), elsewhere.GetProperty("version").GetInt32()));
        Assert.Equal(2, (await client.JsonAsync("/models/mine")).GetProperty("versions").GetArrayLength());
    }

    [Theory, OnSqlite]
    public async Task PostModel_WhatTheRegistryDoesNotTake_IsRefusedWithItsReason(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test, settings: ("UploadBytes", "10000"));
        var client = await service.ClientAsync("alice", "read publish");
        await client.PublishAsync(s_file).JsonAsync(201);

        await Problem.ExpectAsync(await client.PublishAsync(new byte[10001]), 413, "The file is longer than 10000 bytes, the largest that this registry takes.");
        using (var chunked = new StreamContent(new Unseekable(new byte[10001])))
        {
            await Problem.ExpectAsync(await client.PostAsync("/models", chunked), 413, "The file is longer than 10000 bytes, the largest that this registry takes.");
        }

        await Problem.ExpectAsync(await client.PublishAsync([]), 400, "The file is empty, expected a model file (safetensors).");
        await Problem.ExpectAsync(await client.PublishAsync(s_file, "?sha256=12"), 400, "The sha256 is '12', expected 64 hexadecimal digits");
        await Problem.ExpectAsync(await client.PublishAsync(s_file, "?name=a/b"), 400, "The name of the model is 'a/b', expected a letter or digit");
        await Problem.ExpectAsync(await client.PublishAsync(TestModels.Bytes("mine", "zjets")), 409, "Model 'mine' is of process 'ttbar', the file is of 'zjets'.");
        using (var form = new MultipartFormDataContent { { new ByteArrayContent(s_file), "file", "model.safetensors" } })
        {
            await Problem.ExpectAsync(await client.PostAsync("/models", form), 415, "The body is a form, expected the bytes of the file");
        }

        // What curl sends by itself is no obstacle.
        using (var curl = new ByteArrayContent(s_file) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded") } })
        {
            Assert.Equal(HttpStatusCode.OK, (await client.PostAsync("/models", curl)).StatusCode);
        }

        // Nothing of all that is left.
        Assert.Equal(["0"], await test.QueryAsync("SELECT count(*) FROM artifact_chunk WHERE sha256 NOT IN (SELECT sha256 FROM model_version)"));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(test.Folder, "cache"), "*.part"));
        Assert.Single((await client.JsonAsync("/models/mine")).GetProperty("versions").EnumerateArray());
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task GetFile_ThatTheClientHas_IsNotSentAgain(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await service.ClientAsync("alice", "read publish");
        await client.PublishAsync(s_file).JsonAsync(201);
        const string path = "/models/mine/versions/1/file";

        using var whole = await client.GetAsync(path);
        Assert.Equal($"\"{s_sha256}\"", whole.Headers.ETag?.Tag);
        Assert.Equal(s_file.Length, whole.Content.Headers.ContentLength);
        Assert.Equal("mine-1.safetensors", whole.Content.Headers.ContentDisposition?.FileName);
        Assert.Equal($"sha-256=:{Convert.ToBase64String(SHA256.HashData(s_file))}:", Assert.Single(whole.Headers.GetValues("Repr-Digest")));

        using var unchanged = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { new EntityTagHeaderValue($"\"{s_sha256}\"") } } };
        Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(unchanged)).StatusCode);
        using var other = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { new EntityTagHeaderValue("\"another\"") } } };
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(other)).StatusCode);

        using var rest = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(100, 199) } };
        using var part = await client.SendAsync(rest);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(s_file[100..200], await part.Content.ReadAsByteArrayAsync());

        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        Assert.Equal((HttpStatusCode.OK, (long?)s_file.Length), (head.StatusCode, head.Content.Headers.ContentLength));
        await Problem.ExpectAsync(await client.GetAsync("/models/mine/versions/2/file"), 404, "Model 'mine' has no version 2. Registered: 1.");
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Card_OfAVersion_IsTakenJudgedAndGivenBack(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var service = new RunningService(workers: 2, registry: test);
        var client = await service.ClientAsync("alice", "read publish");
        await client.PublishAsync(s_file).JsonAsync(201);
        const string path = "/models/mine/versions/1/card";
        await Problem.ExpectAsync(await client.GetAsync(path), 404, "Version 1 of model 'mine' has no validation card.");

        Assert.True((await client.AddCardAsync("mine", 1, TestCards.Of(s_file)).JsonAsync(201)).GetProperty("passed").GetBoolean());
        Assert.Equal(TestCards.Of(s_file), await client.GetStringAsync(path));
        Assert.True((await client.JsonAsync("/models/mine/versions/1")).GetProperty("validated").GetBoolean());

        // The last one counts. Gates looser than the registry's pass nothing here.
        Assert.False((await client.AddCardAsync("mine", 1, TestCards.Of(s_file, auc: 0.7, largestAuc: 0.9)).JsonAsync(201)).GetProperty("passed").GetBoolean());
        Assert.False((await client.JsonAsync("/models/mine/versions/1")).GetProperty("validated").GetBoolean());

        await Problem.ExpectAsync(await client.AddCardAsync("mine", 1, TestCards.Of([1, 2, 3])), 400, "The card is of a sample that the model file 039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81 generated, expected that of ");
        await Problem.ExpectAsync(await client.AddCardAsync("mine", 1, TestCards.Of(s_file, auc: 0.7, passed: true)), 400, "The card says that it passes its gates");
        await Problem.ExpectAsync(await client.AddCardAsync("mine", 1, """{"passed":true}"""), 400, "The card cannot be read, expected card.json as 'eventservice evaluate' writes it");
        await Problem.ExpectAsync(await client.AddCardAsync("mine", 1, new string(' ', (1 << 20) + 1)), 413, "The card is longer than 1048576 characters");
        await Problem.ExpectAsync(await client.AddCardAsync("mine", 2, TestCards.Of(s_file)), 404, "Model 'mine' has no version 2.");
    }

    /// <summary>A body whose length is not told in advance.</summary>
    private sealed class Unseekable(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}

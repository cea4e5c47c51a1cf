using EventService.FunctionalTests.Databases;
using EventService.Registry;
using EventService.Registry.Artifacts;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

namespace EventService.FunctionalTests;

public sealed class ArtifactTests
{
    [Theory, OnSqlite]
    public async Task Spool_OfAStream_HasItsDigest(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        using var stream = new MemoryStream("abc"u8.ToArray());
        using var file = await test.Files.SpoolAsync(stream, maximumBytes: 3);

        // FIPS 180-2, appendix B.1.
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", file.Sha256);
        Assert.Equal(3, file.Size);
    }

    [Theory, OnSqlite]
    public async Task Spool_OfAStreamThatIsTooLong_IsRefusedAndLeavesNothing(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        using var stream = new MemoryStream("abcd"u8.ToArray());
        var e = await Assert.ThrowsAsync<RegistryException>(() => test.Files.SpoolAsync(stream, maximumBytes: 3));
        Assert.Equal(RegistryFault.TooLarge, e.Fault);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(test.Folder, "cache")));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Register_AfterAnUploadThatWasCutOff_AddsTheRowsThatAreMissing(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var file = Numbered((3 * ArtifactChunk.MaximumBytes) - 5);
        await using (var context = test.Contexts.CreateDbContext())
        {
            context.Chunks.Add(new ArtifactChunk { Sha256 = ArtifactStore.Digest(file), Ordinal = 1, Bytes = file[ArtifactChunk.MaximumBytes..(2 * ArtifactChunk.MaximumBytes)] });
            await context.SaveChangesAsync();
        }

        Assert.Empty(await test.Registry.ListAsync());
        var version = await test.AddAsync("m", file);
        Assert.Equal(file, await test.Registry.ReadAsync(version!));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Register_SameBytesAsTwoModels_StoresThemOnce(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var file = Numbered(ArtifactChunk.MaximumBytes + 1);
        await Task.WhenAll(test.AddAsync("a", file), test.AddAsync("b", file));
        Assert.Equal(["0", "1"], await test.QueryAsync("SELECT ordinal FROM artifact_chunk ORDER BY ordinal"));
        Assert.Equal(2, (await test.Registry.ListAsync()).Count);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Sweep_DeletesOnlyRowsOfNoVersion(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var version = await test.AddAsync("m", [1, 2, 3]);
        await using var context = test.Contexts.CreateDbContext();
        context.Chunks.Add(new ArtifactChunk { Sha256 = "cut off", Ordinal = 0, Bytes = [1] });
        await context.SaveChangesAsync();

        Assert.Equal(1, await ArtifactStore.SweepAsync(context));
        Assert.Equal([1, 2, 3], await test.Registry.ReadAsync(version!));
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Register_WhileOthersSweep_KeepsEveryByte(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        using var done = new CancellationTokenSource();
        var sweeping = Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                await using var context = test.Contexts.CreateDbContext();
                await ArtifactStore.SweepAsync(context);
            }
        });
        for (var i = 0; i < 8; i++)
        {
            var file = Numbered((2 * ArtifactChunk.MaximumBytes) + i);
            var version = await test.AddAsync("m", file);
            Assert.Equal(file, await test.Registry.ReadAsync(version!));
        }

        await done.CancelAsync();
        await sweeping;
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Read_WithoutTheDatabasesBytes_TakesTheCopyOnDisk(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var version = await test.AddAsync("m", [1, 2, 3]);
        await test.Registry.ReadAsync(version!);
        await test.ExecuteAsync(database == DatabaseKind.Sqlite
            ? "DROP TRIGGER artifact_chunk_kept; DELETE FROM artifact_chunk"
            : "ALTER TABLE artifact_chunk DISABLE TRIGGER USER; DELETE FROM artifact_chunk");
        Assert.Equal([1, 2, 3], await test.Registry.ReadAsync(version!));

        var e = await Assert.ThrowsAsync<RegistryException>(() => test.NewServer("other").ReadAsync(version!));
        Assert.StartsWith($"The model file {version!.Sha256} is damaged in the registry: 0 of 3 bytes found.", e.Message, StringComparison.Ordinal);
    }

    [Theory, OnSqlite, OnPostgres]
    public async Task Read_OfADamagedCopy_FetchesItAgain(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var version = await test.AddAsync("m", [1, 2, 3]);
        await test.Registry.ReadAsync(version!);
        await File.WriteAllBytesAsync(Path.Combine(test.Folder, "cache", version!.Sha256), [1, 2, 4]);
        Assert.Equal([1, 2, 3], await test.Registry.ReadAsync(version));
    }

    [Theory, OnSqlite]
    public async Task Cache_BeyondItsSize_DropsTheCopyUsedLongestAgo(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var folder = Path.Combine(test.Folder, "small");
        var registry = new ModelRegistry(test.Contexts, new ArtifactFolder(folder, TimeProvider.System, cacheBytes: 8), TimeProvider.System);
        var versions = new List<ModelVersion>();
        for (byte i = 0; i < 3; i++)
        {
            versions.Add((await test.AddAsync("m", [i, 0, 0]))!);
        }

        await registry.ReadAsync(versions[0]);
        await registry.ReadAsync(versions[1]);
        await registry.ReadAsync(versions[0]);
        await registry.ReadAsync(versions[2]);
        Assert.Equal(
            new[] { versions[0].Sha256, versions[2].Sha256 }.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>Bytes of which no two rows are alike.</summary>
    private static byte[] Numbered(int length)
    {
        var file = new byte[length];
        for (var i = 0; i < length; i += 1000)
        {
            BitConverter.TryWriteBytes(file.AsSpan(i, Math.Min(4, length - i)), i);
        }

        return file;
    }
}

using System.Collections.Concurrent;

using EventService.FunctionalTests.Databases;
using EventService.Registry;
using EventService.Registry.Aliases;
using EventService.Registry.Artifacts;
using EventService.Registry.Tables;
using EventService.Registry.Versions;

namespace EventService.FunctionalTests;

public sealed class RegistryConcurrencyTests
{
    private const int Clients = 32;
    private const int Operations = 8;

    private static readonly string[] s_models = ["a", "b", "c"];
    private static readonly string[] s_aliases = ["production", "candidate"];

    /// <summary>
    /// What was acknowledged to 32 clients of four servers, put in order by the numbers that they got, is a plain list of
    /// versions for each model and of moves for each alias; the database must say the same.
    /// </summary>
    [Theory, OnSqlite, OnPostgres]
    public async Task PublishersAndPromoters_ManyAtOnce_LoseNothingAndLeaveAConsistentHistory(DatabaseKind database)
    {
        await using var test = await TestRegistry.MigratedAsync(database);
        var servers = Enumerable.Range(0, 4).Select(i => test.NewServer($"server{i}")).ToArray();
        var published = new ConcurrentBag<(string Model, int Number, string Sha256)>();
        var moved = new ConcurrentBag<(string Model, string Alias, int Revision, int? Number, string Actor)>();
        var states = new ConcurrentBag<(string Model, int Number, string State)>();
        var conflicts = 0;
        foreach (var model in s_models)
        {
            var version = await test.AddAsync(model, [0], promote: false);
            published.Add((model, version!.Number, version.Sha256));
        }

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            for (var i = 0; i < Operations; i++)
            {
                await WorkAsync(servers[client % servers.Length], client, i);
            }
        })));

        Assert.True(conflicts > 0, "Promoters of one alias got into each other's way.");
        foreach (var model in await test.Registry.ListAsync())
        {
            var versions = published.Where(v => v.Model == model.Name).OrderBy(v => v.Number).ToArray();
            Assert.Equal(Enumerable.Range(1, versions.Length), versions.Select(v => v.Number));
            Assert.Equal(versions.Select(v => (v.Number, v.Sha256)), model.Versions.Select(v => (v.Number, v.Sha256)));
            foreach (var version in model.Versions)
            {
                Assert.Equal(version.Sha256, ArtifactStore.Digest(await test.Registry.ReadAsync(version)));
            }

            var numbers = model.Versions.ToDictionary(v => v.Id, v => (int?)v.Number);
            var history = await test.Registry.HistoryAsync(model.Name);
            foreach (var alias in s_aliases)
            {
                int? now = null;
                var moves = moved.Where(m => m.Model == model.Name && m.Alias == alias).OrderBy(m => m.Revision).ToArray();
                Assert.Equal(Enumerable.Range(1, moves.Length), moves.Select(m => m.Revision));
                var expected = new List<(int? From, int? To, string Actor)>();
                foreach (var move in moves)
                {
                    expected.Add((now, move.Number, move.Actor));
                    now = move.Number;
                }

                Assert.Equal(expected, history.Where(h => h.Alias == alias).Select(h => (Number(h.FromVersionId), Number(h.ToVersionId), h.Actor)));
                Assert.Equal(now, model.Aliases.SingleOrDefault(a => a.Name == alias)?.Version.Number);
            }

            Assert.All(model.Aliases, a => Assert.Equal(ModelVersion.Active, a.Version.State));
            Assert.All(
                model.Versions.Where(v => v.State == ModelVersion.Retired),
                v => Assert.Contains(states, s => s == (model.Name, v.Number, ModelVersion.Retired)));

            int? Number(long? id) => id is { } known ? numbers[known] : null;
        }

        async Task WorkAsync(ModelRegistry registry, int client, int i)
        {
            var model = s_models[(client + i) % s_models.Length];
            var actor = $"{client}.{i}";
            if (i % 2 == 0)
            {
                var version = await test.AddAsync(model, [1, (byte)client, (byte)i], promote: false, registry: registry);
                published.Add((model, version!.Number, version.Sha256));
                return;
            }

            var seen = await registry.GetAsync(model);
            var alias = s_aliases[client % s_aliases.Length];
            var revision = seen.Aliases.SingleOrDefault(a => a.Name == alias)?.Revision ?? 0;
            var number = (client * 7 % seen.Versions.Count) + 1;
            try
            {
                if (i == Operations - 1 && client % 4 == 0)
                {
                    await registry.SetStateAsync(model, number, ModelVersion.Retired, actor, "test");
                    states.Add((model, number, ModelVersion.Retired));
                    return;
                }

                // Without an alias, the revision seen is 0 whatever its history; nobody removes one here but "candidate".
                int? to = i == 5 && alias == "candidate" && revision > 0 ? null : number;
                if (to == seen.Aliases.SingleOrDefault(a => a.Name == alias)?.Version.Number)
                {
                    return;
                }

                var result = await registry.MoveAliasAsync(new AliasChange(model, alias, to, actor, "test", revision, Override: true));
                moved.Add((model, alias, result?.Revision ?? revision + 1, to, actor));
            }
            catch (RegistryException e) when (e.Fault == RegistryFault.Conflict)
            {
                Interlocked.Increment(ref conflicts);
            }
        }
    }
}

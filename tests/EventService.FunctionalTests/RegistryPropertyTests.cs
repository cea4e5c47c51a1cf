using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;

using EventService.Engine.Random;
using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;

namespace EventService.FunctionalTests;

/// <summary>
/// 32 clients of two servers publish, judge, promote, roll back, override and retire at random. What each was told is put in order by
/// the numbers that the answers carry and played through a model of the registry that fits on a page; the registry must say the same.
/// </summary>
public sealed class RegistryPropertyTests
{
    private const int Clients = 32;
    private const int Operations = 10;

    private static readonly string[] s_models = ["a", "b"];
    private static readonly string[] s_aliases = ["production", "candidate"];

    private sealed record Move(string Model, string Alias, int Revision, int Version, string Actor, bool Rollback, bool Override);

    [Theory]
    [OnSqlite]
    [OnPostgres]
    public async Task PublishersAndPromoters_32AtOnce_AgreeWithASimpleModel(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        await using var one = new RunningService(workers: 1, registry: test, settings: ("AnonymousScopes", "none"));
        await using var two = new RunningService(workers: 1, registry: test, settings: ("AnonymousScopes", "none"));
        var clients = new List<HttpClient>();
        for (var i = 0; i < Clients; i++)
        {
            clients.Add(await (i % 2 == 0 ? one : two).ClientAsync($"client-{i}", "admin"));
        }

        var published = new ConcurrentBag<(string Model, int Version, byte[] File)>();
        var moves = new ConcurrentBag<Move>();
        var passing = new ConcurrentDictionary<(string Model, int Version), bool>();
        var retired = new ConcurrentDictionary<(string Model, int Version), bool>();
        var refusals = new ConcurrentDictionary<HttpStatusCode, int>();
        foreach (var model in s_models)
        {
            await PublishAsync(clients[0], model, "first");
        }

        await Task.WhenAll(clients.Select((client, number) => Task.Run(async () =>
        {
            var draw = new PhiloxStream(key: 20261122, stream: (ulong)number);
            for (var i = 0; i < Operations; i++)
            {
                await WorkAsync(client, number, $"{number}.{i}", draw.NextBelow(100), draw.NextBelow(2), draw.NextBelow(2), draw.NextBelow(1000));
            }
        })));

        // Somebody was refused for each reason there is, and most were not.
        Assert.True(refusals.GetValueOrDefault(HttpStatusCode.Conflict) > 0, "No promoter was overtaken.");
        Assert.True(refusals.GetValueOrDefault(HttpStatusCode.UnprocessableEntity) > 0, "No version was held at the gate.");
        Assert.All(refusals.Keys, status => Assert.True(status is HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity or HttpStatusCode.NotFound, $"{status}"));
        Assert.True(moves.Count > 20, $"{moves.Count} moves");

        foreach (var model in s_models)
        {
            var versions = published.Where(p => p.Model == model).OrderBy(p => p.Version).ToArray();
            var found = await clients[1].JsonAsync($"/models/{model}");
            Assert.Equal(Enumerable.Range(1, versions.Length), versions.Select(v => v.Version));
            Assert.Equal(versions.Length, found.GetProperty("versions").GetArrayLength());
            foreach (var version in versions)
            {
                Assert.Equal(version.File, await clients[1].GetByteArrayAsync($"/models/{model}/versions/{version.Version}/file"));
                var state = found.GetProperty("versions")[version.Version - 1].GetProperty("state").GetString();
                Assert.Equal(retired.ContainsKey((model, version.Version)) ? "retired" : "active", state);
            }

            foreach (var alias in s_aliases)
            {
                await AgreesAsync(clients[1], model, alias, [.. moves.Where(m => m.Model == model && m.Alias == alias).OrderBy(m => m.Revision)], passing);
                if (found.GetProperty("aliases").TryGetProperty(alias, out var meant))
                {
                    Assert.DoesNotContain((model, meant.GetInt32()), retired.Keys);
                }
            }
        }

        async Task WorkAsync(HttpClient client, int number, string text, uint kind, uint whichModel, uint whichAlias, uint which)
        {
            var (model, alias) = (s_models[whichModel], s_aliases[whichAlias]);
            var known = published.Where(p => p.Model == model).ToArray();
            var (_, version, file) = known[which % known.Length];
            switch (kind)
            {
                case < 30:
                    await PublishAsync(client, model, text);
                    return;
                case < 45:
                    await client.AddCardAsync(model, version, TestCards.Of(file)).JsonAsync(201);
                    passing[(model, version)] = true;
                    return;
                case < 50:
                    if (Count(await client.SetStateAsync(model, version, "retired")))
                    {
                        retired[(model, version)] = true;
                    }

                    return;
                default:
                    // Half of them look first and want nobody in between.
                    var revision = kind % 2 == 0 ? await RevisionAsync(client, model, alias) : null;
                    var (rollback, byOverride) = (kind >= 85, kind is >= 75 and < 85);
                    using (var response = await client.MoveAsync(model, alias,
                        $$"""{"reason":"{{text}}",{{(rollback ? "\"rollback\":true" : $"\"version\":{version}")}},"override":{{(byOverride ? "true" : "false")}}{{(revision is { } r ? $",\"revision\":{r}" : "")}}}"""))
                    {
                        if (Count(response))
                        {
                            var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync());

                            // An alias that meant that version already is left, and told as somebody else made it.
                            if (rollback || answer.GetProperty("reason").GetString() == text)
                            {
                                moves.Add(new Move(model, alias, answer.GetProperty("revision").GetInt32(), answer.GetProperty("version").GetInt32(), $"client-{number}", rollback, byOverride));
                            }
                        }
                    }

                    return;
            }
        }

        bool Count(HttpResponseMessage response)
        {
            if (!response.IsSuccessStatusCode)
            {
                refusals.AddOrUpdate(response.StatusCode, 1, (_, n) => n + 1);
            }

            return response.IsSuccessStatusCode;
        }

        async Task PublishAsync(HttpClient client, string model, string text)
        {
            var file = TestModels.Bytes(model, "ttbar", description: text);
            var answer = await client.PublishAsync(file).JsonAsync(201);
            published.Add((model, answer.GetProperty("version").GetInt32(), file));
        }
    }

    /// <summary>The history of an alias, from the start: a stack of versions, of which a rollback takes the top away.</summary>
    private static async Task AgreesAsync(
        HttpClient client, string model, string alias, IReadOnlyList<Move> acknowledged, ConcurrentDictionary<(string Model, int Version), bool> passing)
    {
        var history = (await client.JsonAsync($"/models/{model}/history?alias={alias}")).EnumerateArray().ToArray();
        Assert.Equal(Enumerable.Range(1, history.Length), history.Select(h => h.GetProperty("revision").GetInt32()));
        var stack = new List<int>();
        var last = DateTimeOffset.MinValue;
        foreach (var entry in history)
        {
            var (version, from) = (entry.GetProperty("version").GetInt32(), entry.GetProperty("from"));
            Assert.Equal(stack.Count == 0 ? "null" : stack[^1].ToString(CultureInfo.InvariantCulture), from.GetRawText());
            var at = entry.GetProperty("at").GetDateTimeOffset();
            Assert.True(at >= last, "The history runs backwards.");
            last = at;
            var move = acknowledged.SingleOrDefault(m => m.Revision == entry.GetProperty("revision").GetInt32());
            if (move is not null)
            {
                Assert.Equal((move.Version, move.Actor), (version, entry.GetProperty("actor").GetString()));
            }

            var grounds = entry.GetProperty("grounds").GetString();
            var isBack = stack.Count > 1 && stack[^2] == version;
            if (move is { Rollback: true })
            {
                Assert.True(isBack, $"A rollback to {version} from {string.Join(' ', stack)}.");
            }

            if (alias == "production")
            {
                Assert.Equal(move is { Rollback: true } ? "rollback" : grounds, grounds);
                Assert.True(grounds != "card" || passing.ContainsKey((model, version)), "Production on grounds of a card that nobody added.");
                Assert.True(grounds != "override" || move is null or { Override: true }, "Production by an override that nobody asked for.");
                Assert.NotNull(grounds);
            }
            else
            {
                Assert.Null(grounds);
            }

            if (isBack)
            {
                stack.RemoveAt(stack.Count - 1);
            }
            else
            {
                stack.Add(version);
            }
        }

        // Nothing that was acknowledged is missing.
        Assert.Equal(acknowledged.Count, acknowledged.Select(m => m.Revision).Distinct().Count());
        Assert.All(acknowledged, m => Assert.InRange(m.Revision, 1, history.Length));
        if (stack.Count > 0)
        {
            Assert.Equal(stack[^1], (await client.JsonAsync($"/models/{model}/aliases/{alias}")).GetProperty("version").GetInt32());
        }
    }

    private static async Task<int?> RevisionAsync(HttpClient client, string model, string alias)
    {
        using var response = await client.GetAsync($"/models/{model}/aliases/{alias}");
        return response.IsSuccessStatusCode ? JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("revision").GetInt32() : 0;
    }
}

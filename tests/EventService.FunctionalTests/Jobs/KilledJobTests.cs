using System.Diagnostics;

using EventService.Engine.Random;
using EventService.FunctionalTests.Databases;
using EventService.Registry.Files;

using Xunit.Abstractions;

namespace EventService.FunctionalTests.Jobs;

/// <summary>
/// A server that is killed (SIGKILL) again and again while it works on a job: the job ends with the bytes that an undisturbed one has.
/// </summary>
public sealed class KilledJobTests(ITestOutputHelper output)
{
    private const int Kills = 6;
    private const string Query = "process=ttbar&n=30k&seed=20&eventsPerPart=1k&format=npy";

    private static readonly byte[] s_model = File.ReadAllBytes(Path.Combine(LocalModels.Resolve("models"), "ttbar-objects.safetensors"));

    [Theory, OnSqlite, OnPostgres]
    public async Task Job_OfAServerThatIsKilled_EndsWithTheBytesOfAnUndisturbedOne(DatabaseKind database)
    {
        await using var test = await TestRegistry.EmptyAsync(database);
        string[] settings = ["JobLeaseSeconds=1", "Workers=1"];
        var server = await ServerProcess.StartAsync(test, settings);
        try
        {
            await server.Client.PublishAsync(s_model).JsonAsync(201);
            await server.Client.MoveAsync("ttbar-objects", "production", """{"version":1,"reason":"test","override":true}""").JsonAsync();
            var undisturbed = (await server.Client.SubmitAsync(Query)).Id();
            var start = Stopwatch.GetTimestamp();
            await server.Client.WaitAsync(undisturbed, "done");
            var usual = Stopwatch.GetElapsedTime(start);
            var expected = await server.Client.DownloadAsync(undisturbed);

            var id = (await server.Client.SubmitAsync(Query)).Id();
            var draw = new PhiloxStream(key: 10, stream: (ulong)database);
            var seen = new List<int>();
            for (var kill = 0; kill < Kills; kill++)
            {
                // It has gone on since the last kill; the next comes at any point of one of the parts that follow.
                var after = seen.LastOrDefault() + (int)(4 * draw.NextDouble());
                await server.Client.WaitAsync(id, job => job.State() == "done" || job.GetProperty("partsDone").GetInt32() > after);
                await Task.Delay(usual * (draw.NextDouble() / 30));
                seen.Add((await server.Client.JsonAsync($"/jobs/{id}")).GetProperty("partsDone").GetInt32());
                server.Kill();
                await server.DisposeAsync();
                server = await ServerProcess.StartAsync(test, settings);
                Assert.True((await server.Client.JsonAsync($"/jobs/{id}")).GetProperty("partsDone").GetInt32() >= seen[^1], "A part that was finished is not lost.");
            }

            await server.Client.WaitAsync(id, "done");
            Assert.Equal(expected, await server.Client.DownloadAsync(id));
            Assert.Equal(31, Directory.GetFiles(Path.Combine(test.Folder, "jobs", $"{id}")).Length);
            output.WriteLine($"{database}: killed after {string.Join(", ", seen)} of 30 parts; undisturbed {usual.TotalSeconds:F1} s.");
            Assert.True(seen.Exists(n => n is > 0 and < 30), "Kills that always come before or after the work show nothing.");
        }
        finally
        {
            await server.DisposeAsync();
        }
    }
}

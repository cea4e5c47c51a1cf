// Fills an empty database with the registry's own code as of commit 6fde9fa and writes what it reads back.
using System.Text;
using System.Text.Json;
using EventService.Registry;
using EventService.Registry.Keys;
using EventService.Registry.Migrations;
using EventService.Registry.Tables;
using Microsoft.EntityFrameworkCore;

var (kind, database, contents) = (args[0], args[1], args[2]);
IDbContextFactory<RegistryContext> contexts = kind == "sqlite" ? new SqliteRegistryContextFactory(database) : new PostgresRegistryContextFactory(database);
await using (var context = contexts.CreateDbContext()) { await Migrator.MigrateAsync(context); }
var time = new Ticking();
var folder = Directory.CreateTempSubdirectory().FullName;
var files = new ArtifactFolder(folder, time);
var registry = new ModelRegistry(contexts, files, time);
async Task Add(string model, string process, string bytes, NewCard? card, bool promote)
{
    using var spooled = await files.SpoolAsync(Encoding.UTF8.GetBytes(bytes));
    await registry.RegisterAsync(new NewVersion(model, process, $$"""{"name":"{{model}}","note":"{{bytes}} é ünïcode"}""", spooled, card, "alice", "added"), _ => promote);
}
await Add("top-flow", "ttbar", "first bytes", new NewCard("""{"passed":true}""", true), true);
await Add("top-flow", "ttbar", "second bytes", new NewCard("""{"passed":true}""", true), true);
await Add("top-flow", "ttbar", "third bytes", new NewCard("""{"passed":false}""", false), false);
await Add("Z-flow", "zjets", "bytes of another model", null, false);
await registry.MoveAliasAsync(new AliasChange("top-flow", "candidate", 3, "bob", "to be tried"));
await registry.MoveAliasAsync(new AliasChange("top-flow", "production", 3, "bob", "an override", Override: true));
await registry.RollBackAsync(new AliasRollback("top-flow", "production", "carol", "was worse"));
await registry.MoveAliasAsync(new AliasChange("top-flow", "candidate", null, "bob", "tried"));
await registry.SetStateAsync("top-flow", 3, "retired", "carol", "not good enough");
await registry.SetStateAsync("top-flow", 1, "retired", "carol", "old");
await registry.SetStateAsync("top-flow", 1, "active", "carol", "not so old");
// Keys and jobs by their tables: a key's hash is to be known, and a job's request is another part's business.
await using (var context = contexts.CreateDbContext())
{
    var at = time.GetUtcNow().UtcDateTime;
    context.ApiKeys.Add(new ApiKey { Name = "analyst", Hash = KeyStore.Digest("esk_fixture-one"), Scopes = "read generate", EventsPerSecond = 100000, ConcurrentRequests = 4, CreatedBy = "admin", CreatedAt = at, ExpiresAt = new DateTime(2199, 12, 31, 23, 59, 59, DateTimeKind.Utc) });
    context.ApiKeys.Add(new ApiKey { Name = "owner", Hash = KeyStore.Digest("esk_fixture-two"), Scopes = "admin", CreatedBy = "admin", CreatedAt = at, RevokedAt = at.AddDays(1) });
    await context.SaveChangesAsync();
    var job = new Job { Kind = "generate", Request = """{"n":1000}""", State = "done", Owner = "analyst", ApiKeyId = 1, RequestId = "nightly", Folder = "f1", Attempts = 1, Done = 1000, Result = """{"parts":2}""", CreatedAt = at, StartedAt = at.AddSeconds(1), FinishedAt = at.AddSeconds(2), Revision = 5 };
    job.Parts.Add(new JobPart { JobId = 0, Number = 0, Bytes = 1234, Sha256 = new string('a', 64) });
    job.Parts.Add(new JobPart { JobId = 0, Number = 1, Bytes = 5_000_000_000, Sha256 = new string('b', 64) });
    context.Jobs.Add(job);
    context.Jobs.Add(new Job { Kind = "generate", Request = """{"n":10}""", State = "running", Owner = "anonymous", Worker = "machine/7", LeaseUntil = at.AddMilliseconds(123.456), Folder = "f2", Attempts = 2, Done = 4, EventsPerSecond = 12.5, Error = "The disk was full.", CreatedAt = at, StartedAt = at, Revision = 3 });
    context.GoldenSamples.Add(new GoldenDigest { Sha256 = new string('c', 64), Numerics = "cpu-fp32-v2", Digest = new string('d', 64), ServiceVersion = "0.1.0", At = at });
    await context.SaveChangesAsync();
}
await using (var context = contexts.CreateDbContext())
{
    // The deletion of a job's row and a key's would leave holes in the numbering; there are none here.
    object tables = new
    {
        Models = await context.Models.AsNoTracking().OrderBy(r => r.Id).Select(r => new { r.Id, r.Name, r.Process, r.CreatedAt }).ToListAsync(),
        Versions = await context.Versions.AsNoTracking().OrderBy(r => r.Id).Select(r => new { r.Id, r.ModelId, r.Number, r.Sha256, r.SizeBytes, r.Document, r.State, r.CreatedBy, r.CreatedAt }).ToListAsync(),
        Aliases = await context.Aliases.AsNoTracking().OrderBy(r => r.ModelId).ThenBy(r => r.Name).Select(r => new { r.ModelId, r.Name, r.VersionId, r.Revision }).ToListAsync(),
        AliasEvents = await context.AliasEvents.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
        Cards = await context.Cards.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
        VersionEvents = await context.VersionEvents.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
        Chunks = await context.Chunks.AsNoTracking().OrderBy(r => r.Sha256).ThenBy(r => r.Ordinal).ToListAsync(),
        ApiKeys = await context.ApiKeys.AsNoTracking().OrderBy(r => r.Id).ToListAsync(),
        Jobs = await context.Jobs.AsNoTracking().Include(r => r.Parts.OrderBy(p => p.Number)).OrderBy(r => r.Id).ToListAsync(),
        GoldenSamples = await context.GoldenSamples.AsNoTracking().OrderBy(r => r.Sha256).ToListAsync(),
    };
    await File.WriteAllTextAsync(contents, JsonSerializer.Serialize(tables, new JsonSerializerOptions { WriteIndented = true }) + "\n");
}
Directory.Delete(folder, true);

internal sealed class Ticking : TimeProvider
{
    private DateTimeOffset _now = new(2026, 11, 30, 12, 0, 0, 250, TimeSpan.Zero);
    public override DateTimeOffset GetUtcNow() => _now += TimeSpan.FromMilliseconds(1500);
}

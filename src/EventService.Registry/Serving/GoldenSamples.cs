using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Documents;
using EventService.Registry.Databases;
using EventService.Registry.Tables;

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace EventService.Registry.Serving;

/// <summary>Tests a model when it is loaded: it must give the bits that every server before gave.</summary>
public sealed class GoldenSamples(IDbContextFactory<RegistryContext> contexts, TimeProvider time, ILogger<GoldenSamples> logger)
{
    /// <summary>
    /// Draws the golden sample, which also compiles the sampler, and compares it with what is recorded; the first to load a model records
    /// it.
    /// </summary>
    /// <exception cref="ModelFormatException">The model gives no events that could be trusted.</exception>
    /// <exception cref="RegistryException">Its bits are not those recorded.</exception>
    public async Task CheckAsync(EventGenerator generator, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(generator);
        var digest = GoldenSample.Digest(generator);
        GoldenDigest recorded;
        try
        {
            recorded = await RecordedAsync(generator.Sha256, digest, cancellationToken);
        }
        catch (Exception e) when (DatabaseFailure.Is(e))
        {
            // The bytes were right and the machine agrees with itself: better served than not.
            RegistryLog.GoldenSampleNotCompared(logger, generator.Document.Name, e);
            return;
        }

        if (recorded.Digest != digest)
        {
            throw new RegistryException(RegistryFault.Unusable,
                $"Model '{generator.Document.Name}' gives other events here than it gave on {recorded.At:yyyy-MM-dd} with version {recorded.ServiceVersion} of the service, under the same numerics profile '{NumericsProfile.CpuFp32V2}'. "
                + "It is not served here: no receipt could be kept. Test this machine's processor and memory, or go back to that version.");
        }
    }

    private async Task<GoldenDigest> RecordedAsync(string sha256, string digest, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await FindAsync(context, sha256, cancellationToken) is { } recorded)
        {
            return recorded;
        }

        var added = new GoldenDigest { Sha256 = sha256, Numerics = NumericsProfile.CpuFp32V2, Digest = digest, ServiceVersion = ServiceVersion.Text, At = time.GetUtcNow().UtcDateTime };
        context.GoldenSamples.Add(added);
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            return added;
        }
        catch (DbUpdateException)
        {
            // Another server was faster, or the database is away: the second reading tells.
            context.ChangeTracker.Clear();
            return await FindAsync(context, sha256, cancellationToken) ?? throw new RegistryException(RegistryFault.Unusable, $"The golden sample of model file {sha256} could not be recorded.");
        }
    }

    private static Task<GoldenDigest?> FindAsync(RegistryContext context, string sha256, CancellationToken cancellationToken) =>
        context.GoldenSamples.AsNoTracking().SingleOrDefaultAsync(g => g.Sha256 == sha256 && g.Numerics == NumericsProfile.CpuFp32V2, cancellationToken);
}

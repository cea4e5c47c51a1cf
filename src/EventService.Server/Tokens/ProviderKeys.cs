using EventService.Server.Problems;
using EventService.Server.Settings;

using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace EventService.Server.Tokens;

/// <summary>
/// Whether the provider's keys are here. They are fetched when the first token comes and stay, so that a provider that goes away later
/// stops nobody; one that has never answered is asked again every few seconds, by one request, whose answer is that of all who wait.
/// </summary>
internal sealed partial class ProviderKeys(ServerSettings settings, TimeProvider time, ILogger<ProviderKeys> logger) : IDisposable
{
    private static readonly TimeSpan s_askAgain = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _asking = new(1);
    private volatile bool _areHere;
    private DateTimeOffset _notBefore;

    /// <exception cref="ProblemException">503: the provider has not given its keys yet.</exception>
    public async ValueTask RequireAsync(IConfigurationManager<OpenIdConnectConfiguration> provider, CancellationToken cancellationToken)
    {
        if (_areHere)
        {
            return;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (!_areHere && time.GetUtcNow() >= _notBefore)
            {
                await FetchAsync(provider, cancellationToken);
            }
        }
        finally
        {
            _asking.Release();
        }

        if (!_areHere)
        {
            throw new ProblemException(StatusCodes.Status503ServiceUnavailable,
                $"{settings.Jwt.Authority} does not give the keys that tokens are checked with; API keys work meanwhile. "
                + "Try again shortly.",
                s_askAgain);
        }
    }

    public void Dispose() => _asking.Dispose();

    private async Task FetchAsync(IConfigurationManager<OpenIdConnectConfiguration> provider, CancellationToken cancellationToken)
    {
        try
        {
            await provider.GetConfigurationAsync(cancellationToken);
            _areHere = true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _notBefore = time.GetUtcNow() + s_askAgain;
            Missing(logger, settings.Jwt.Authority, e.GetBaseException().Message);
        }
    }

    [LoggerMessage(2600, LogLevel.Warning, "{Authority} does not give the keys that tokens are checked with: {Reason}")]
    private static partial void Missing(ILogger logger, string authority, string reason);
}

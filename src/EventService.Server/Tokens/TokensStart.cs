using EventService.Server.Settings;

using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

namespace EventService.Server.Tokens;

/// <summary>JWT bearer, as the settings describe the provider.</summary>
internal static class TokensStart
{
    /// <summary>A provider that does not answer keeps nobody waiting for long.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>A token signed by an unknown key makes the server look for new keys, so often at most.</summary>
    private static readonly TimeSpan s_refresh = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Makes the first token that a new key has signed wait for the new keys, instead of being refused while they are fetched.
    /// </summary>
    private const string WaitForNewKeys = "Switch.Microsoft.IdentityModel.UpdateConfigAsBlocking";

    /// <exception cref="InvalidOperationException">The settings are not complete.</exception>
    public static void AddTokens(this AuthenticationBuilder schemes, JwtSettings settings)
    {
        settings.RequireComplete();
        AppContext.SetSwitch(WaitForNewKeys, isEnabled: true);
        schemes.Services.AddSingleton<ProviderKeys>().AddSingleton<JwtEvents>();
        schemes.AddJwtBearer(options =>
        {
            options.Authority = settings.Authority;
            options.Audience = settings.Audience;
            options.RequireHttpsMetadata = !settings.IsLoopback;
            options.BackchannelTimeout = s_patience;
            options.RefreshInterval = s_refresh;
            options.MapInboundClaims = false;
            options.SaveToken = false;
            options.TokenValidationParameters.ClockSkew = TimeSpan.FromSeconds(settings.ClockSkewSeconds);
            options.EventsType = typeof(JwtEvents);
        });

        // What a key that the provider has withdrawn has signed is not taken any more.
        schemes.Services.PostConfigure<JwtBearerOptions>(
            JwtBearerDefaults.AuthenticationScheme,
            options => ((BaseConfigurationManager)options.ConfigurationManager!).UseLastKnownGoodConfiguration = false);
    }
}

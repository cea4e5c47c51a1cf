using EventService.Registry;

namespace EventService.Server;

/// <summary>
/// Section "EventService" of appsettings.json; a variable EVENTSERVICE__NAME overrides the setting of that name.
/// </summary>
public sealed record ServerSettings
{
    public const string Section = "EventService";

    /// <summary>Name or address to listen on; "*" for all.</summary>
    public string Address { get; init; } = "localhost";

    public int Port { get; init; } = 8080;

    /// <summary>Registry file, copies of model files and temporary files; relative to the working directory.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>PostgreSQL database that holds the registry, as Npgsql reads it; empty for an SQLite file in the data folder.</summary>
    public string RegistryConnectionString { get; init; } = "";

    /// <summary>Beyond this the copies of model files in the data folder that were used longest ago are deleted.</summary>
    public long CacheBytes { get; init; } = ArtifactFolder.DefaultCacheBytes;

    /// <summary>Models shipped with the service; a relative path is tried in the working directory, then beside the program.</summary>
    public string ModelsFolder { get; init; } = "models";

    /// <summary>Threads that generate; 0 for one per processor.</summary>
    public int Workers { get; init; }

    /// <summary>Generate and density requests served at the same time; further ones are answered 503.</summary>
    public int ConcurrentRequests { get; init; } = 64;

    /// <summary>Most events of one request.</summary>
    public long EventsPerRequest { get; init; } = 10_000_000_000;

    /// <summary>Longest JSON body.</summary>
    public long JsonBodyBytes { get; init; } = 1 << 20;

    /// <summary>Longest body of events for densities.</summary>
    public long DensityBodyBytes { get; init; } = 1L << 30;

    /// <summary>Also log to this file, one JSON object a line, a new file each day; empty for none.</summary>
    public string LogFile { get; init; } = "";

    public string RegistryFile => Path.Combine(DataFolder, "registry.sqlite");

    public string CacheFolder => Path.Combine(DataFolder, "cache");
}

internal static class SettingsStart
{
    /// <summary>Reads the settings; the address of the standard setting "urls" goes before ours.</summary>
    public static ServerSettings AddSettings(this WebApplicationBuilder builder)
    {
        var settings = builder.Configuration.GetSection(ServerSettings.Section).Get<ServerSettings>() ?? new ServerSettings();
        builder.Services.AddSingleton(settings);
        if (string.IsNullOrEmpty(builder.Configuration["urls"]))
        {
            builder.WebHost.UseUrls($"http://{settings.Address}:{settings.Port}");
        }

        return settings;
    }
}

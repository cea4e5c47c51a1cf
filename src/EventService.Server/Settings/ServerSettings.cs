using System.Net;

using EventService.Registry.Artifacts;
using EventService.Registry.Databases;
using EventService.Registry.Keys;
using EventService.Registry.Versions;
using EventService.Server.Tokens;

namespace EventService.Server.Settings;

/// <summary>
/// Section "EventService" of appsettings.json; a variable EVENTSERVICE__NAME overrides the setting of that name.
/// </summary>
public sealed record ServerSettings
{
    public const string Section = "EventService";

    /// <summary>Name or address to listen on; "*" for all.</summary>
    public string Address { get; init; } = "localhost";

    public int Port { get; init; } = 8080;

    /// <summary>
    /// gRPC in clear text; 0 for none. If not given, the port after <see cref="Port"/>, or none where that is 0 or the standard setting
    /// "urls" names the addresses. With a certificate gRPC is served on <see cref="Port"/>.
    /// </summary>
    public int? GrpcPort { get; init; }

    /// <summary>Certificate for TLS, a PEM file with its chain or a PKCS#12 file (.pfx, .p12); empty for clear text.</summary>
    public string CertificateFile { get; init; } = "";

    /// <summary>Private key of a PEM certificate, where it is not in the same file.</summary>
    public string CertificateKeyFile { get; init; } = "";

    /// <summary>File that holds the password of the key or of the PKCS#12 file; empty for none.</summary>
    public string CertificatePasswordFile { get; init; } = "";

    /// <summary>Longest message of gRPC that is taken.</summary>
    public int GrpcMessageBytes { get; init; } = 4 << 20;

    /// <summary>Bytes that a client may send ahead over HTTP/2, in one call and in one connection.</summary>
    public int Http2WindowBytes { get; init; } = 4 << 20;

    /// <summary>A client of gRPC that takes nothing for so long is cut off.</summary>
    public int StallSeconds { get; init; } = 600;

    /// <summary>Registry file, copies of model files and temporary files; relative to the working directory.</summary>
    public string DataFolder { get; init; } = "data";

    /// <summary>PostgreSQL database that holds the registry, as Npgsql reads it; empty for an SQLite file in the data folder.</summary>
    public string RegistryConnectionString { get; init; } = "";

    /// <summary>File that holds the password of that database, for deployments that keep secrets in files; empty for none.</summary>
    public string RegistryPasswordFile { get; init; } = "";

    /// <summary>Beyond this the copies of model files in the data folder that were used longest ago are deleted.</summary>
    public long CacheBytes { get; init; } = ArtifactFolder.DefaultCacheBytes;

    /// <summary>Models shipped with the service; a relative path is tried in the working directory, then beside the program.</summary>
    public string ModelsFolder { get; init; } = "models";

    /// <summary>Threads that generate; 0 for one per processor.</summary>
    public int Workers { get; init; }

    /// <summary>Most events that a worker generates in one go, for one request or for several small ones together.</summary>
    public int LargestBatch { get; init; } = 512;

    /// <summary>How long small requests wait for others to be generated with, where nothing else is to be done.</summary>
    public int LongestWaitMilliseconds { get; init; }

    /// <summary>Small requests served or waiting at the same time, and as many larger ones; further ones are answered 503.</summary>
    public int QueueLength { get; init; } = 256;

    /// <summary>How long a server that is told to end goes on taking requests while it already says that it is not ready.</summary>
    public int DrainSeconds { get; init; }

    /// <summary>How long requests under way may go on when a server is told to end.</summary>
    public int ShutdownSeconds { get; init; } = 30;

    /// <summary>
    /// Memory for loaded models, by the estimate of each; those not used for longest go first. 0 for a quarter of the memory there is.
    /// </summary>
    public long ModelMemoryBytes { get; init; }

    /// <summary>Most events of one request.</summary>
    public long EventsPerRequest { get; init; } = 10_000_000_000;

    /// <summary>
    /// Folder of the jobs' files, shared by the servers that are to take over each other's jobs; empty for one in the data folder.
    /// </summary>
    public string JobsFolder { get; init; } = "";

    /// <summary>Jobs that this server works on at a time; 0 for none.</summary>
    public int ConcurrentJobs { get; init; } = 1;

    /// <summary>Most events of one job.</summary>
    public long EventsPerJob { get; init; } = 100_000_000_000;

    /// <summary>Events of each file of a job that does not ask for another number.</summary>
    public long EventsPerPart { get; init; } = 1_000_000;

    /// <summary>Jobs of one owner that are not finished; further ones are answered 429.</summary>
    public int JobsPerOwner { get; init; } = 100;

    /// <summary>How long the files of finished jobs are kept.</summary>
    public double JobDays { get; init; } = 7;

    /// <summary>A server that has not been heard of for so long has lost its jobs to the others.</summary>
    public double JobLeaseSeconds { get; init; } = 30;

    /// <summary>Longest JSON body.</summary>
    public long JsonBodyBytes { get; init; } = 1 << 20;

    /// <summary>Longest body of events for densities.</summary>
    public long DensityBodyBytes { get; init; } = 1L << 30;

    /// <summary>Longest model file that is taken.</summary>
    public long UploadBytes { get; init; } = ModelUploads.LargestBytes;

    /// <summary>
    /// What requests without a key may do: scopes such as "read generate", or "none". Empty for "read generate" where the server listens on
    /// this machine only, and for none where it does not.
    /// </summary>
    public string AnonymousScopes { get; init; } = "";

    /// <summary>Tokens of an OpenID provider beside API keys.</summary>
    public JwtSettings Jwt { get; init; } = new();

    /// <summary>How long keys that are known go on working while the database is away.</summary>
    public int KeySecondsWithoutDatabase { get; init; } = 900;

    /// <summary>Also log to this file, one JSON object a line, a new file each day; empty for none.</summary>
    public string LogFile { get; init; } = "";

    /// <summary>Where gRPC is to be found, for those who looked in the wrong place.</summary>
    internal string GrpcHint => CertificateFile.Length > 0
        ? "With TLS the client asks for it by ALPN (h2)."
        : $"gRPC in clear text has a port of its own (GrpcPort, {(GrpcPort is { } port ? $"{port}" : "the one after Port if not set")}), or takes a certificate.";

    /// <summary>Whether nobody can reach the server from another machine.</summary>
    internal bool ListensOnThisMachineOnly { get; init; }

    internal IReadOnlyList<string> ScopesOfAnonymous => AnonymousScopes switch
    {
        "" when ListensOnThisMachineOnly => [KeyScope.Read, KeyScope.Generate],
        "none" => [],
        var scopes => KeyScope.Parse(scopes),
    };

    /// <summary><see cref="RegistryConnectionString"/> with the password of <see cref="RegistryPasswordFile"/>.</summary>
    /// <exception cref="InvalidOperationException">The file is missing or empty.</exception>
    public string RegistryConnection => RegistryPasswordFile.Length == 0
        ? RegistryConnectionString
        : PostgresRegistryContextFactory.WithPassword(RegistryConnectionString, RegistryPasswordFile);

    public string RegistryFile => Path.Combine(DataFolder, "registry.sqlite");

    internal string FolderOfJobs => JobsFolder.Length > 0 ? JobsFolder : Path.Combine(DataFolder, "jobs");

    internal TimeSpan KeepJobs => TimeSpan.FromDays(JobDays);

    public string CacheFolder => Path.Combine(DataFolder, "cache");
}

internal static class SettingsStart
{
    /// <summary>Reads the settings and opens the ports; the addresses of the standard setting "urls" go before ours.</summary>
    public static ServerSettings AddSettings(this WebApplicationBuilder builder)
    {
        var settings = builder.Configuration.GetSection(ServerSettings.Section).Get<ServerSettings>() ?? new ServerSettings();
        var urls = builder.Listen(settings);

        // Endpoints of Kestrel's own section would go before the addresses looked at here.
        settings = settings with
        {
            ListensOnThisMachineOnly = urls.All(IsLoopback) && !builder.Configuration.GetSection("Kestrel:Endpoints").Exists(),
        };
        builder.Services.AddSingleton(settings);
        return settings;
    }

    private static bool IsLoopback(string url)
    {
        var host = BindingAddress.Parse(url).Host;
        return host == "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
    }
}

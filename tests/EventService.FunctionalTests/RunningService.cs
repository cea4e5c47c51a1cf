using System.Diagnostics.Metrics;
using System.Net.Http.Headers;

using EventService.FunctionalTests.Databases;
using EventService.FunctionalTests.Models;
using EventService.Registry.Files;
using EventService.Registry.Keys;

using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

using OpenTelemetry.Metrics;

namespace EventService.FunctionalTests;

/// <summary>
/// The real service on a real port (Kestrel: limits and broken connections are part of the contract), with models of formulas.
/// </summary>
public class RunningService : WebApplicationFactory<Program>
{
    private readonly bool _usesFormulas;
    private readonly TestRegistry? _registry;
    private readonly (string Name, string Value)[] _settings;
    private readonly string _folder = Directory.CreateTempSubdirectory("eventservice-tests-").FullName;

    public RunningService()
        : this(workers: 2)
    {
    }

    /// <param name="workers">Threads that generate.</param>
    /// <param name="modelsFolder">Models to serve as the service itself would; null for the tests' models of formulas.</param>
    /// <param name="registry">Database of its registry; null for a file in its data folder.</param>
    /// <param name="settings">Further settings.</param>
    internal RunningService(int workers, string? modelsFolder = null, TestRegistry? registry = null, params (string Name, string Value)[] settings)
    {
        _settings = settings;
        _registry = registry;
        Workers = workers;
        _usesFormulas = modelsFolder is null;
        ModelsFolder = modelsFolder ?? Path.Combine(_folder, "models");
        if (_usesFormulas)
        {
            TestModels.Ship(ModelsFolder);
        }

        UseKestrel();
    }

    public string DataFolder => Path.Combine(_folder, "data");

    public string ModelsFolder { get; }

    public int Workers { get; }

    /// <summary>The service's clock; null for that of the system.</summary>
    internal TimeProvider? Time { get; init; }

    /// <summary>Where it serves gRPC in clear text.</summary>
    public Uri GrpcAddress => new($"http://127.0.0.1:{GrpcPort}");

    private int GrpcPort { get; } = FreePort.Next();

    /// <summary>A client with a new key of these scopes and this name.</summary>
    internal async Task<HttpClient> ClientAsync(string name, string scopes)
    {
        // Starts the service if that has not happened yet.
        var client = CreateClient();
        var (key, _) = await Services.GetRequiredService<KeyStore>().CreateAsync(new CreateKeyRequest(name, scopes), "tests");
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseSetting("urls", $"{(_settings.Any(s => s.Name == "CertificateFile") ? "https" : "http")}://127.0.0.1:0");
        builder.UseSetting("EventService:Address", "127.0.0.1");
        builder.UseSetting("EventService:GrpcPort", $"{GrpcPort}");
        builder.UseSetting("EventService:DataFolder", DataFolder);
        builder.UseSetting("EventService:ModelsFolder", ModelsFolder);
        builder.UseSetting("EventService:Workers", $"{Workers}");
        builder.UseSetting("EventService:JsonBodyBytes", "4096");
        builder.UseSetting("EventService:DensityBodyBytes", "1000000");
        builder.UseSetting("EventService:EventsPerRequest", "2000000");
        if (_registry is { } registry)
        {
            builder.UseSetting(registry.Kind == DatabaseKind.Postgres ? "EventService:RegistryConnectionString" : "EventService:DataFolder",
                registry.Kind == DatabaseKind.Postgres ? registry.ConnectionString : registry.Folder);
        }

        foreach (var (name, value) in _settings)
        {
            builder.UseSetting($"EventService:{name}", value);
        }

        builder.ConfigureTestServices(services => services.ConfigureOpenTelemetryMeterProvider(CountOnlyOwn));
        if (_usesFormulas)
        {
            builder.ConfigureTestServices(services => services.AddSingleton<ModelLoader>(TestModels.Load));
        }

        if (Time is { } time)
        {
            builder.ConfigureTestServices(services => services.AddSingleton(time));
        }
    }

    /// <summary>
    /// OpenTelemetry listens to every meter of the process by its name, and other tests' services have meters of the same names.
    /// </summary>
    private static void CountOnlyOwn(IServiceProvider services, MeterProviderBuilder metrics)
    {
        var own = services.GetRequiredService<IMeterFactory>();
        metrics.AddView(instrument => instrument.Meter.Scope is IMeterFactory other && other != own ? MetricStreamConfiguration.Drop : null);
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}

/// <summary>Tests that share one running service.</summary>
[CollectionDefinition(Name)]
public sealed class ServiceCollection : ICollectionFixture<RunningService>
{
    public const string Name = "Running service";
}

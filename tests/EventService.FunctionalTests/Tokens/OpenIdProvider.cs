using System.Diagnostics;
using System.Net.Http.Headers;

namespace EventService.FunctionalTests.Tokens;

/// <summary>
/// npm's oidc-provider as a process of its own (tests/ForeignClients/oidc): real tokens from real flows, with keys of its own making.
/// </summary>
internal sealed class OpenIdProvider : IAsyncDisposable
{
    /// <summary>Resource of tokens for this service.</summary>
    public const string Service = "https://events.example/";

    /// <summary>For this service, for a second.</summary>
    public const string Short = "https://events.example/short";

    /// <summary>For this service, signed by an elliptic curve.</summary>
    public const string Elliptic = "https://events.example/elliptic";

    /// <summary>For another service.</summary>
    public const string Mail = "https://mail.example/";

    private static readonly string s_folder = Path.Combine(Repository(), "tests", "ForeignClients", "oidc");

    private readonly Process _process;
    private readonly HttpClient _client;

    private OpenIdProvider(Process process, string issuer)
    {
        (_process, Issuer) = (process, issuer);
        _client = new HttpClient { BaseAddress = new Uri(issuer) };
        _ = process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>Reason to skip; null where it can run, and in continuous integration, where what is missing is an error.</summary>
    public static string? WhySkip { get; } =
        Environment.GetEnvironmentVariable("CI") is "true" or "1" || Directory.Exists(Path.Combine(s_folder, "node_modules"))
            ? null
            : "No OpenID provider here: run 'npm ci --ignore-scripts' in tests/ForeignClients/oidc.";

    /// <summary>Its address, which is what its tokens say of where they are from.</summary>
    public string Issuer { get; }

    /// <param name="port">0 for any.</param>
    public static async Task<OpenIdProvider> StartAsync(int port = 0)
    {
        var process = Process.Start(new ProcessStartInfo("node", ["provider.mjs", $"{port}"])
        {
            WorkingDirectory = s_folder,
            RedirectStandardInput = true, // it ends with the tests, however they end
            RedirectStandardOutput = true,
        })!;
        var said = new List<string>();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("http://", StringComparison.Ordinal))
            {
                return new OpenIdProvider(process, line);
            }

            said.Add(line);
        }

        throw new InvalidOperationException($"The OpenID provider does not start: {string.Join('\n', said)}");
    }

    /// <summary>The token that a person gets through a browser.</summary>
    public Task<string> PersonAsync(string login, string scope = "events.read", string resource = Service) =>
        TokenAsync(_client.GetAsync(
            $"/person?login={Uri.EscapeDataString(login)}&scope={Uri.EscapeDataString(scope)}&resource={Uri.EscapeDataString(resource)}"));

    /// <summary>The token that the program 'batch' gets for its password.</summary>
    public async Task<string> ProgramAsync(string scope = "events.read", string resource = Service)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/token")
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["scope"] = scope,
                ["resource"] = resource,
            }),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("batch:secret"u8));
        return await TokenAsync(_client.SendAsync(request));
    }

    /// <summary>It signs with new keys, and publishes them only.</summary>
    public async Task RotateAsync() => (await _client.PostAsync("/rotate", null)).EnsureSuccessStatusCode();

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<string> TokenAsync(Task<HttpResponseMessage> sent) =>
        (await sent.JsonAsync()).GetProperty("access_token").GetString()!;

    private static string Repository()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EventService.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not lie in their repository.");
        }

        return folder;
    }
}

/// <summary>A test that needs the OpenID provider.</summary>
public sealed class OpenIdFactAttribute : FactAttribute
{
    public OpenIdFactAttribute() => Skip = OpenIdProvider.WhySkip;
}

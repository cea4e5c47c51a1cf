using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EventService.FunctionalTests.Page;

/// <summary>
/// A page in headless Chromium, spoken to in its DevTools protocol: what a person does to it, and what stands in it then.
/// </summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _folder;
    private readonly ClientWebSocket _socket = new();
    private int _calls;

    private Browser(Process process, string folder)
    {
        (_process, _folder) = (process, folder);
    }

    /// <summary>Reason to skip; null where there is a browser, and in continuous integration, where a missing one is an error.</summary>
    public static string? WhySkip { get; } = Environment.GetEnvironmentVariable("CI") is "true" or "1" || Program() is not null
        ? null
        : "No Chromium here: install the package chromium.";

    /// <summary>What the page has written to its console: scripts that failed, and what its Content-Security-Policy has refused.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Opens an empty page.</summary>
    /// <param name="dark">Whether the person has asked for dark pages.</param>
    public static async Task<Browser> StartAsync(bool dark = false)
    {
        var folder = Directory.CreateTempSubdirectory("eventservice-browser-").FullName;
        var process = Process.Start(new ProcessStartInfo(Program() ?? throw new InvalidOperationException("There is no 'chromium' on PATH. Install the package chromium."),
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--remote-debugging-port=0",
            "--window-size=1280,1600", $"--user-data-dir={folder}", .. dark ? ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] : Array.Empty<string>(), "about:blank",
        ])
        { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var browser = new Browser(process, folder);
        const string listening = "DevTools listening on ";
        while (await process.StandardError.ReadLineAsync().WaitAsync(s_patience) is { } line)
        {
            if (line.StartsWith(listening, StringComparison.Ordinal))
            {
                _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null);
                var address = new Uri(line[listening.Length..]);
                using var http = new HttpClient();
                var pages = JsonElement.Parse(await http.GetStringAsync(new Uri($"http://{address.Authority}/json")));
                var page = pages.EnumerateArray().First(p => p.GetProperty("type").GetString() == "page").GetProperty("webSocketDebuggerUrl").GetString()!;
                await browser._socket.ConnectAsync(new Uri(page), CancellationToken.None);
                await browser.CallAsync("Page.enable");
                await browser.CallAsync("Runtime.enable");
                await browser.CallAsync("Log.enable");
                return browser;
            }
        }

        throw new InvalidOperationException("Chromium does not start.");
    }

    public Task OpenAsync(Uri address) => CallAsync("Page.navigate", new JsonObject { ["url"] = address.ToString() });

    /// <summary>Value of an expression, which may be a promise.</summary>
    public async Task<JsonElement> EvaluateAsync(string script)
    {
        var answer = await CallAsync("Runtime.evaluate", new JsonObject { ["expression"] = script, ["awaitPromise"] = true, ["returnByValue"] = true });
        Assert.False(answer.TryGetProperty("exceptionDetails", out var failure), failure.ToString());
        return answer.GetProperty("result").TryGetProperty("value", out var value) ? value : default;
    }

    public async Task<string> TextAsync(string selector) => (await EvaluateAsync($"document.querySelector({Quoted(selector)}).textContent")).GetString()!;

    /// <summary>Waits until an expression is true.</summary>
    public async Task WaitAsync(string script)
    {
        var start = Stopwatch.GetTimestamp();
        while ((await EvaluateAsync($"Boolean({script})")).ValueKind != JsonValueKind.True)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, $"Not after {s_patience}: {script}\n{(await EvaluateAsync("document.body.innerText")).GetString()}\n{string.Join('\n', Complaints)}");
            await Task.Delay(50);
        }
    }

    /// <summary>Gives a field a value, as somebody who types or chooses does.</summary>
    public Task SetAsync(string selector, string value) => EvaluateAsync($$"""
        (() => {
          const field = document.querySelector({{Quoted(selector)}});
          if (field.type === "checkbox") { field.click(); return; }
          field.value = {{Quoted(value)}};
          field.dispatchEvent(new Event("input", { bubbles: true }));
          field.dispatchEvent(new Event("change", { bubbles: true }));
        })()
        """);

    /// <summary>Presses a key where the focus is.</summary>
    public async Task PressAsync(string key, int code, string text = "")
    {
        foreach (var type in new[] { "keyDown", "keyUp" })
        {
            await CallAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = type, ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = code, ["text"] = type == "keyDown" ? text : "" });
        }
    }

    public async Task<byte[]> ScreenshotAsync() =>
        Convert.FromBase64String((await CallAsync("Page.captureScreenshot", new JsonObject { ["captureBeyondViewport"] = true })).GetProperty("data").GetString()!);

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _socket.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text);

    private static string? Program() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "chromium")).FirstOrDefault(File.Exists);

    private async Task<JsonElement> CallAsync(string method, JsonObject? parameters = null)
    {
        var id = ++_calls;
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        using var patience = new CancellationTokenSource(s_patience);
        await _socket.SendAsync(Encoding.UTF8.GetBytes(call.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, patience.Token);
        while (true)
        {
            var message = await ReceiveAsync(patience.Token);
            if (message.TryGetProperty("id", out var answered) && answered.GetInt32() == id)
            {
                Assert.False(message.TryGetProperty("error", out var error), $"{method}: {error}");
                return message.GetProperty("result");
            }

            if (message.TryGetProperty("method", out var happened) && happened.GetString() is "Runtime.exceptionThrown" or "Log.entryAdded")
            {
                Complaints.Add(message.GetProperty("params").ToString());
            }
        }
    }

    private async Task<JsonElement> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var message = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (true)
        {
            var part = await _socket.ReceiveAsync(buffer, cancellationToken);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
            {
                return JsonElement.Parse(Encoding.UTF8.GetString(message.ToArray()));
            }
        }
    }
}

/// <summary>Runs a fact in a browser, or skips it with the reason why there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute() => Skip = Browser.WhySkip;
}

using System.Diagnostics;
using System.Text.Json;

using EventService.FunctionalTests.Jobs;

namespace EventService.FunctionalTests.Page;

/// <summary>The page at /, in a browser.</summary>
[Collection(ServiceCollection.Name)]
public sealed class FirstPageTests(RunningService service)
{
    /// <summary>A folder for screenshots; none are taken where it is not given.</summary>
    private const string Screenshots = "EVENTSERVICE_TEST_SCREENSHOTS";

    private readonly HttpClient _client = service.CreateClient();

    [Fact]
    public async Task Page_AndItsParts_HaveAStrictPolicyAndLoadNothingFromElsewhere()
    {
        foreach (var path in new[] { "/", "/index.html", "/page.css", "/page.js", "/histogram.js" })
        {
            using var response = await _client.GetAsync(path);
            Assert.True(response.IsSuccessStatusCode, path);
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
            var text = await response.Content.ReadAsStringAsync();
            Assert.DoesNotContain("https://", text, StringComparison.Ordinal);
            Assert.DoesNotContain("//cdn", text, StringComparison.Ordinal);
        }
    }

    [BrowserFact]
    public async Task Page_WhenOpened_ShowsModelsAndAHistogramOfTenThousandEvents()
    {
        // The first process of the tests is one that fails, which is said; the histogram is that of another.
        await using var browser = await OpenAsync();
        Assert.Matches("^Event [0-9]+ failed the validity filter 1000 times[.]$", await browser.TextAsync("#problem"));
        await browser.SetAsync("#process", "ttbar");
        await browser.WaitAsync("document.querySelector('#histogram svg')");
        Assert.Equal("", await browser.TextAsync("#problem"));
        Assert.Equal("10000", (await browser.EvaluateAsync("document.querySelector('#histogram').dataset.entries")).GetString());
        Assert.Equal("10,000 entries of MET_pt [GeV] in 10,000 events of ttbar, ", (await browser.EvaluateAsync("document.querySelector('#histogram svg').getAttribute('aria-label')")).GetString()![..58]);
    }

    [BrowserFact]
    public async Task Page_WhenSomethingIsChosen_ShowsLinesThatWork()
    {
        await using var browser = await OpenAsync();
        await browser.SetAsync("#process", "ttbar");
        await browser.WaitAsync("document.querySelector('#curl').textContent.includes('process=ttbar&')");
        await browser.WaitAsync("document.querySelector('#histogram svg')?.getAttribute('aria-label').includes('events of ttbar')");
        var before = await browser.TextAsync("#curl");
        foreach (var (field, value) in new[] { ("#n", "2k"), ("#seed", "77"), ("#format", "jsonl"), ("#cut", "MET_pt>30,Jet_pt[0]>60"), ("#columns input[value='Jet']", ""), ("#logDensity", "") })
        {
            await browser.SetAsync(field, value);
            var after = await browser.TextAsync("#curl");
            Assert.NotEqual(before, after);
            before = after;
        }

        var expected = await _client.GenerateAsync("process=ttbar&n=2000&seed=77&format=jsonl&cut=MET_pt>30,Jet_pt[0]>60&columns=Jet&logDensity=true");
        Assert.NotEmpty(expected);
        var folder = Directory.CreateTempSubdirectory("eventservice-page-").FullName;
        try
        {
            Assert.Equal(0, await RunAsync("bash", ["-c", before], folder));
            Assert.Equal(expected, await File.ReadAllBytesAsync(Path.Combine(folder, "events.jsonl")));

            var python = await browser.TextAsync("#python") + "\nprint(len(events), file=open('count', 'w'))\n";
            Assert.Equal(0, await RunAsync("python3", ["-c", python], folder));
            Assert.Equal(expected.Count(b => b == '\n'), int.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "count")), System.Globalization.CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Assert.All(browser.Complaints, c => Assert.Contains("status of 500", c, StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task Page_OfAModelWithConditions_AsksForThemAndShowsItsErrorsAsSentences()
    {
        await using var browser = await OpenAsync();
        await browser.SetAsync("#process", "gluino");
        await browser.WaitAsync("document.querySelector('#curl').textContent.includes('mGluino=1400')");
        Assert.Equal("mGluino [GeV], 1000 to 2200 ", await browser.TextAsync("#conditions label"));
        await browser.WaitAsync("document.querySelector('#histogram svg')?.getAttribute('aria-label').includes('events of gluino')");

        await browser.SetAsync("#conditions input", "2500");
        await browser.EvaluateAsync("document.querySelector('#histogram-form button').focus()");
        await browser.PressAsync("Enter", 13, "\r");
        await browser.WaitAsync("document.querySelector('#problem').textContent.startsWith('mGluino is 2500 GeV, outside what this model was trained on: 1000 to 2200 GeV.')");
        Assert.Equal(JsonValueKind.False, (await browser.EvaluateAsync("Boolean(document.querySelector('#histogram svg'))")).ValueKind);

        await browser.SetAsync("#conditions input", "1500");
        await browser.SetAsync("#column", "Jet_pt[0]");
        await browser.WaitAsync("document.querySelector('#histogram svg')?.getAttribute('aria-label').startsWith('10,000 entries of Jet_pt[0] [GeV]')");
        Assert.Equal("", await browser.TextAsync("#problem"));

        // The only complaints are the browser's own lines about answers that were errors.
        Assert.All(browser.Complaints, c => Assert.Matches("status of (422|500)", c));
    }

    [BrowserFact]
    public async Task Page_ListsModelsWithTheirCards_AndJobs()
    {
        var id = (await _client.SubmitAsync("process=ttbar&n=100")).Id();
        await _client.WaitAsync(id, "done");
        await using var browser = await OpenAsync();
        await browser.WaitAsync("document.querySelector('#jobs table')");
        var models = await browser.TextAsync("#models table");
        Assert.Contains("ttbar-analytic", models, StringComparison.Ordinal);
        Assert.Contains("card passes", models, StringComparison.Ordinal);
        Assert.Contains("no card", models, StringComparison.Ordinal);
        Assert.Contains($"{id}donettbar100100.0 %", await browser.TextAsync("#jobs table"), StringComparison.Ordinal);
    }

    [BrowserFact]
    public async Task Page_EveryFieldAndButton_HasALabelAndIsReachedByKeyboard()
    {
        await using var browser = await OpenAsync();
        var unnamed = await browser.EvaluateAsync("""
            [...document.querySelectorAll("input, select, button, pre, svg")].filter(e =>
              !(e.labels?.[0]?.textContent.trim() || e.textContent.trim() && e.tagName === "BUTTON" || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby"))).length
            """);
        Assert.Equal(0, unnamed.GetInt32());
        var reached = new HashSet<string>();
        for (var k = 0; k < 60; k++)
        {
            await browser.PressAsync("Tab", 9);
            reached.Add((await browser.EvaluateAsync("document.activeElement.id || document.activeElement.dataset.copies || document.activeElement.textContent.trim()")).GetString()!);
        }

        Assert.Superset(new HashSet<string> { "process", "n", "seed", "format", "cut", "logDensity", "curl", "python", "column", "bins", "range", "Draw 10,000 events" }, reached);
    }

    private static async Task<int> RunAsync(string program, string[] arguments, string folder)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder })!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private async Task<Browser> OpenAsync()
    {
        var browser = await Browser.StartAsync();
        await browser.OpenAsync(_client.BaseAddress!);
        await browser.WaitAsync("document.querySelector('#models table') && document.querySelector('#problem').textContent");
        if (Environment.GetEnvironmentVariable(Screenshots) is { Length: > 0 } folder)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, "page.png"), await browser.ScreenshotAsync());
        }

        return browser;
    }
}

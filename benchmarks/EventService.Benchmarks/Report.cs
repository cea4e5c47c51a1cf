using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

using EventService.Engine.Kernels;

namespace EventService.Benchmarks;

/// <summary>Writes results with what they depend on to benchmarks/results/&lt;processor&gt;/&lt;name&gt;.md and to the terminal.</summary>
internal sealed partial class Report(string name)
{
    private readonly StringBuilder _text = new();

    /// <summary>The repository's root: the folder of the solution, upwards from the current one.</summary>
    public static string Root { get; } = FindRoot();

    public void Line(string line = "")
    {
        Console.WriteLine(line);
        _text.Append(line).Append('\n');
    }

    /// <summary>Title, command and machine.</summary>
    public void Start(string title, string command)
    {
        Line($"# {title}");
        Line();
        Line("```");
        Line(command);
        Line("```");
        Line();
        Line("| | |");
        Line("|---|---|");
        Line($"| Processor | {Processor()}, {Environment.ProcessorCount} cores |");
        Line($"| System | {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription} |");
        Line($"| Kernels | {KernelSet.Describe()} |");
        Line($"| Date | {TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC, {Load()} |");
    }

    public void Save()
    {
        var folder = System.IO.Path.Combine(
            Root, "benchmarks", "results", NotOfNames().Replace(Processor(), "-").Trim('-').ToLowerInvariant());
        Directory.CreateDirectory(folder);
        var path = System.IO.Path.Combine(folder, name + ".md");
        File.WriteAllText(path, _text.ToString());
        Console.Error.WriteLine($"written to {System.IO.Path.GetRelativePath(Root, path)}");
    }

    /// <summary>Median with the least and the greatest value.</summary>
    public static string Spread(IEnumerable<double> values, string format)
    {
        var sorted = values.Order().ToArray();
        string Text(double value) => value.ToString(format, CultureInfo.InvariantCulture);
        return $"{Text(Median(sorted))} ({Text(sorted[0])} to {Text(sorted[^1])})";
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    // Virtual machines hide the model's name; family and model still tell the core.
    private static string Processor()
    {
        var info = File.ReadAllText("/proc/cpuinfo");
        string Field(string field) => Regex.Match(info, $@"^{field}\s*: (.*)$", RegexOptions.Multiline).Groups[1].Value.Trim();
        return $"{Field("model name")} family {Field("cpu family")} model {Field("model")}";
    }

    private static string Load() =>
        "load average " + string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(2)) + " at the start";

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(Directory.GetCurrentDirectory());
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "EventService.sln")))
        {
            folder = folder.Parent
                ?? throw new InvalidOperationException("No EventService.sln here or above. Run the benchmarks inside the repository.");
        }

        return folder.FullName;
    }

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex NotOfNames();
}

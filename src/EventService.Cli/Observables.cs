using System.CommandLine;
using System.Globalization;
using System.IO.Compression;

using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Physics.Observables;
using EventService.Physics.Selection;

namespace EventService.Cli;

/// <summary>
/// eventservice observables: whole events that pass the selection of a search, as a table of its observables to train a flow on.
/// </summary>
public static class Observables
{
    private static readonly Argument<FileInfo[]> s_data = new("data")
    {
        Description = "Events in Dark Machines text (.csv or .csv.gz), one file for each value of the parameter.",
        Arity = ArgumentArity.OneOrMore,
    };
    private static readonly Option<string> s_region = new("--region")
    {
        Description = string.Join("; ", SignalRegion.All.Select(r => $"{r.Name}: {r.Description}")) + ".",
        Required = true,
    };
    private static readonly Option<string?> s_parameter = new("--parameter")
    {
        Description = "A parameter that the files differ in, as a further column: NAME=VALUE,VALUE,... with a value a file.",
    };
    private static readonly Option<string> s_output = new("--output", "-o")
    {
        Description = "Table to write (.csv or .csv.gz).",
        Required = true,
    };

    public static Command Command()
    {
        var command = new Command("observables", "Turn whole events into a table of a search's observables, for recipes of tables.")
        {
            s_data,
            s_region,
            s_parameter,
            s_output,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var name = parsed.GetValue(s_region)!;
        var region = SignalRegion.All.FirstOrDefault(r => r.Name == name)
            ?? throw new RequestException(
                RequestFault.BadValue, $"--region is '{name}', expected {string.Join(" or ", SignalRegion.All.Select(r => r.Name))}.");
        var files = parsed.GetValue(s_data)!;
        var (parameter, values) = Parameter(parsed.GetValue(s_parameter), files.Length);
        var output = parsed.GetValue(s_output)!;
        await using var file = OutputFile.Open(output);
        await using (var packed = output.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file.Stream, CompressionLevel.Optimal, leaveOpen: true)
            : null)
        {
            await using var writer = new StreamWriter(packed ?? file.Stream, leaveOpen: true) { NewLine = "\n" };
            await writer.WriteLineAsync(
                string.Join(',', region.Observables.Select(o => o.Name).Concat(parameter is null ? [] : [parameter])));
            for (var f = 0; f < files.Length; f++)
            {
                var sample = DarkMachinesReader.ReadAll(files[f].FullName);
                var (table, passed) = RegionTable.Of(sample, region, cancellation);
                for (var k = 0; k < table.Count; k++)
                {
                    await writer.WriteLineAsync(
                        string.Join(
                            ',',
                            table.Row(k)
                                .ToArray()
                                .Select(v => ((float)v).ToString("R", CultureInfo.InvariantCulture))
                                .Concat(parameter is null ? [] : [values[f]])));
                }

                await Console.Error.WriteLineAsync(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{files[f].Name}: {table.Count} of {sample.Count} events pass, {passed:G6} of "
                            + $"{sample.Weight.ToArray().Sum():G6} in 10/fb"));
            }
        }

        await file.CompleteAsync();
        return 0;
    }

    private static (string? Name, string[] Values) Parameter(string? text, int files)
    {
        if (text is null)
        {
            return (null, []);
        }

        var parts = text.Split('=', 2);
        var values = parts[^1].Split(',');
        return parts.Length == 2 && values.Length == files
            && values.All(v => double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            ? (parts[0], values)
            : throw new RequestException(
                RequestFault.BadValue, $"--parameter is '{text}', expected NAME=VALUE,... with {files} numbers, one a file.");
    }
}

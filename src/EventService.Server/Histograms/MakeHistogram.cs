using System.Globalization;

using EventService.Generation.Pipeline;
using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;
using EventService.Registry;
using EventService.Registry.Serving;
using EventService.Registry.Versions;
using EventService.Server.Callers;
using EventService.Server.Events;
using EventService.Server.Keys;
using EventService.Server.Problems;
using EventService.Server.Workers;

namespace EventService.Server.Histograms;

/// <summary>A quick look at one column of some events.</summary>
internal sealed class MakeHistogram(VersionLookup versions, GeneratorCache generators, WorkerPool pool)
{
    private const long DefaultCount = 10_000;
    private const long LargestCount = 1_000_000;
    private const int DefaultBins = 50;
    private const int LargestBins = 1000;

    private static readonly string[] s_fromGenerate = ["seed", "first", "cut", "numerics"];

    public static IReadOnlyList<RequestParameter> Parameters { get; } =
    [
        .. ModelSelection.Parameters,
        new("column", "What is counted: a scalar (MET_pt), a number of objects (nJet), a column of all objects (Jet_pt), or of one (Jet_pt[0]).", "MET_pt"),
        new("n", $"Number of events, up to {LargestCount}; {DefaultCount} if not given.", "1000"),
        new("bins", $"Number of bins, 1 to {LargestBins}; {DefaultBins} if not given. Without a range, the edges are round numbers, and there are about that many."),
        new("range", "Lower and upper end, such as 20,500. If not given, those of the first 10,000 events, without long tails; numbers of objects have a bin each."),
        .. GenerateRequest.Parameters.Where(p => s_fromGenerate.Contains(p.Name)),
    ];

    /// <exception cref="RequestException">A parameter is wrong.</exception>
    /// <exception cref="RegistryException">No model fits.</exception>
    /// <exception cref="ProblemException">The request is not let in now.</exception>
    public async Task<HistogramResponse> RunAsync(Dictionary<string, string> parameters, Caller caller, CancellationToken cancellationToken)
    {
        var (version, generator) = await ModelSelection.FindAsync(parameters, versions, generators, cancellationToken);
        RequestParameter.RequireKnown(parameters.Keys, Parameters, generator.Document.Conditions);
        var bins = Bins(parameters.GetValueOrDefault("bins"));
        var axis = parameters.TryGetValue("range", out var range) ? HistogramAxis.Parse(range, bins) : null;
        parameters.TryAdd("n", DefaultCount.ToString(CultureInfo.InvariantCulture));
        var request = GenerateRequest.Parse(parameters, generator, JsonLinesWriter.FormatName);
        var column = new ColumnValues(request.Schema, parameters.GetValueOrDefault("column")
            ?? throw new RequestException(RequestFault.BadValue, "column is not given, expected one such as MET_pt, nJet, Jet_pt or Jet_pt[0]."));
        if (request.Count > LargestCount)
        {
            throw new RequestException(RequestFault.BadValue, $"n is {request.Count}, expected at most {LargestCount} for a histogram. Fill larger ones from the events of /generate.");
        }

        using var workers = pool.Admit(new AdmissionRequest(caller, generator, request.Count));
        axis = await workers.UntilStoppedAsync(
            token => FillAsync(workers, generator, request, column, axis, bins, token),
            "The server is shutting down and cannot finish this histogram. Ask another.",
            cancellationToken);

        return new HistogramResponse(
            column.Name, column.Unit, column.Description, request.Count, axis.Counts.Sum() + axis.Underflow + axis.Overflow,
            axis.Edges, axis.Counts, [.. axis.Counts.Select(c => Math.Sqrt(c))], axis.Underflow, axis.Overflow, request.ReceiptFor(generator, version.Number));
    }

    private static async Task<HistogramAxis> FillAsync(
        AdmittedRequest workers, EventGenerator generator, GenerateRequest request, ColumnValues column, HistogramAxis? axis, int bins, CancellationToken cancellationToken)
    {
        float[] buffer = [];
        var rest = request;
        if (axis is null)
        {
            // The axis depends on a certain number of events, not on how they come in chunks.
            var first = request with { Count = Math.Min(request.Count, DefaultCount) };
            var values = new List<float>();
            await RunAsync(first, bytes => values.AddRange(ColumnValues.Read(bytes.Span, ref buffer)));
            axis = HistogramAxis.Around(values, bins, column.IsCount);
            axis.Fill([.. values]);
            rest = request with { First = request.First + first.Count, Count = request.Count - first.Count };
        }

        if (rest.Count > 0)
        {
            await RunAsync(rest, bytes => axis.Fill(ColumnValues.Read(bytes.Span, ref buffer)));
        }

        return axis;

        Task RunAsync(GenerateRequest events, Action<ReadOnlyMemory<byte>> use) => GeneratePipeline.RunAsync(workers, generator, events, _ => column.CreateWriter(), (bytes, _, _) =>
        {
            use(bytes);
            return ValueTask.CompletedTask;
        }, cancellationToken);
    }

    private static int Bins(string? text) =>
        text is null ? DefaultBins
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var bins) && bins is >= 1 and <= LargestBins ? bins
        : throw new RequestException(RequestFault.BadValue, $"bins is '{text}', expected a whole number from 1 to {LargestBins}.");
}

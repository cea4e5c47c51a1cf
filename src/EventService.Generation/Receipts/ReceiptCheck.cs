using System.Globalization;
using System.Text.Json.Nodes;

using EventService.Generation.Requests;
using EventService.Models;
using EventService.Models.Contracts;
using EventService.Models.Sampling;
using EventService.Physics.Formats;

namespace EventService.Generation.Receipts;

/// <summary>A receipt against the model that it names: what it says of the events, and the request that makes them again.</summary>
public sealed class ReceiptCheck
{
    /// <summary>Events that are made again where there is nothing to compare them with: enough to see that they can be.</summary>
    private const long Sample = 1000;

    private readonly List<string> _differences = [];
    private readonly List<string> _notes = [];
    private readonly string? _bodySha256;
    private readonly bool _hasFile;

    /// <param name="receipt">The receipt.</param>
    /// <param name="generator">The model with the receipt's digest.</param>
    /// <param name="version">Its number here; null for a model from a file.</param>
    /// <param name="range">The part of the receipt's events that is checked; null for all.</param>
    /// <param name="hasFile">Whether there is a file to compare with.</param>
    /// <param name="bodySha256">Digest of the file; null where it is not known.</param>
    public ReceiptCheck(Receipt receipt, EventGenerator generator, int? version, EventSpan? range, bool hasFile, string? bodySha256)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        ArgumentNullException.ThrowIfNull(generator);
        (_hasFile, _bodySha256) = (hasFile, bodySha256);
        var whole = new EventSpan(receipt.First, receipt.N);
        if (range is { } part && (part.First < whole.First || part.N < 1 || part.N > whole.N - (part.First - whole.First)))
        {
            throw new RequestException(RequestFault.BadValue,
                $"Events {part.First} to {part.First + part.N - 1} are asked for, expected a part of those of the receipt, {whole.First} to {whole.First + whole.N - 1}.");
        }

        if (receipt.Format == Receipt.GrpcFormat)
        {
            if (hasFile || bodySha256 is not null)
            {
                throw new RequestException(RequestFault.BadValue, "The receipt is of a stream over gRPC, whose messages are no file. Send it alone, or the receipt of the file that was written, with its format.");
            }

            receipt = receipt with { Format = JsonLinesWriter.FormatName };
            _notes.Add("The receipt is of a stream over gRPC; its events were made again as jsonl.");
        }

        try
        {
            var request = GenerateRequest.Parse(Values(receipt), generator, "");
            request.CreateWriter(generator);
            Compare(JsonNode.Parse(receipt.ToJson())!.AsObject(), JsonNode.Parse(request.ReceiptFor(generator, version).ToJson())!.AsObject());
            var span = range ?? (hasFile || bodySha256 is not null ? whole : whole with { N = Math.Min(whole.N, Sample) });
            Request = request with { First = span.First, Count = span.N };
        }
        catch (RequestException e)
        {
            _differences.Add($"These events cannot be made: {e.Message}");
        }
    }

    /// <summary>Makes the events again; null where that cannot be.</summary>
    public GenerateRequest? Request { get; }

    /// <summary>The verdict where nothing can be made again.</summary>
    public static ReceiptVerification Impossible(string why) => new(false, "nothing", null, [why], []);

    /// <summary>The verdict.</summary>
    /// <param name="replay">What came out; null where nothing can be made again.</param>
    public ReceiptVerification Conclude(ReplayResult? replay)
    {
        if (replay?.Difference is { } difference)
        {
            _differences.Add(difference);
        }
        else if (replay is not null && _bodySha256 is not null && _bodySha256 != replay.Sha256)
        {
            _differences.Add($"The sha256 is {_bodySha256}, that of the events made again {replay.Sha256}: the bytes are not those of this receipt. Send the file itself to see where they differ.");
        }

        return new ReceiptVerification(
            _differences.Count == 0,
            replay is null ? "nothing" : _hasFile ? "file" : _bodySha256 is not null ? "digest" : "nothing",
            replay is null ? null : new CheckedRange(Request!.First, Request.Count, replay.Bytes, replay.Sha256),
            _differences,
            _notes);
    }

    /// <summary>The receipt as the parameters of a request.</summary>
    private static Dictionary<string, string> Values(Receipt receipt)
    {
        var values = receipt.Condition.ToDictionary(p => p.Key, p => p.Value.ToString("R", CultureInfo.InvariantCulture), StringComparer.Ordinal);
        foreach (var (name, text) in receipt.Scan ?? new Dictionary<string, string>())
        {
            values[name] = text;
        }

        Add("seed", receipt.Seed);
        Add("first", receipt.First.ToString(CultureInfo.InvariantCulture));
        Add("n", receipt.N.ToString(CultureInfo.InvariantCulture));
        Add("format", receipt.Format);
        Add("columns", receipt.Columns is { } columns ? string.Join(',', columns) : null);
        Add("cut", receipt.Cut);
        Add("logDensity", receipt.LogDensity ? "true" : "false");
        Add("lumi", receipt.Lumi?.ToString("R", CultureInfo.InvariantCulture));
        Add("numerics", receipt.Numerics);
        return values;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                values[name] = value;
            }
        }
    }

    private void Compare(JsonObject given, JsonObject here)
    {
        foreach (var name in here.Select(p => p.Key).Union(given.Select(p => p.Key)))
        {
            var (there, expected) = (given[name]?.ToJsonString() ?? "missing", here[name]?.ToJsonString() ?? "missing");
            if (there == expected)
            {
                continue;
            }

            switch (name)
            {
                case "serviceVersion":
                    _notes.Add($"The receipt is of service version {there}, this is {expected}; the numerics profile says that the bits are the same.");
                    break;
                case "version" or "model":
                    _notes.Add($"{name} is {there} in the receipt and {expected} here; the sha256 says that the model is the same.");
                    break;
                default:
                    _differences.Add($"{name} is {there} in the receipt, expected {expected} of this model.");
                    break;
            }
        }
    }
}

/// <summary>Events First .. First + N - 1.</summary>
public sealed record EventSpan(long First, long N);

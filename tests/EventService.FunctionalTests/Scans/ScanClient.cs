using System.Globalization;
using System.Text.Json;

using EventService.Client;
using EventService.Contracts.V1;

using Grpc.Core;

namespace EventService.FunctionalTests.Scans;

/// <summary>How requests reach the service.</summary>
public enum Transport
{
    Rest,
    Grpc,
}

/// <summary>Events as a client of either transport sees them: each with its number and columns by name.</summary>
internal sealed record ScanEvents(IReadOnlyList<ScanEvent> Events, JsonElement Receipt)
{
    public float[] Column(string name) => [.. Events.Select(e => e.Columns[name].Single())];
}

/// <summary>One event.</summary>
internal sealed record ScanEvent(long Number, SortedDictionary<string, float[]> Columns)
{
    /// <summary>Number and all bits, for comparison, without the columns that only streams of several points have.</summary>
    public string Bits(params string[] without) =>
        $"{Number}: " + string.Join(' ', Columns.Where(c => !without.Contains(c.Key)).Select(c => $"{c.Key}={string.Join(',', c.Value.Select(BitConverter.SingleToInt32Bits))}"));
}

/// <summary>Requests written as queries of REST, sent by either transport.</summary>
internal sealed class ScanClient(RunningService service, Transport transport) : IDisposable
{
    private readonly HttpClient _rest = service.CreateClient();
    private readonly EventServiceClient _grpc = new(service.GrpcAddress);

    public void Dispose() => _grpc.Dispose();

    public Task<ScanEvents> GenerateAsync(string query) => transport == Transport.Rest ? RestAsync(query) : GrpcAsync(query);

    /// <summary>The status as REST has it, and the sentence.</summary>
    public async Task<(int Status, string Sentence)> RefusalAsync(string query)
    {
        if (transport == Transport.Rest)
        {
            using var response = await _rest.PostAsync($"/generate?{query}", null);
            return ((int)response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("detail").GetString()!);
        }

        var e = await Assert.ThrowsAsync<RpcException>(() => GrpcAsync(query));
        return (e.StatusCode switch { StatusCode.InvalidArgument => 400, StatusCode.FailedPrecondition => 422, _ => 500 }, e.Status.Detail);
    }

    /// <summary>A query as the message of gRPC: numbers are conditions, other texts a scan.</summary>
    public static GenerateRequest ToRequest(string query)
    {
        var request = new GenerateRequest();
        foreach (var pair in query.Split('&').Select(p => p.Split('=', 2)))
        {
            switch (pair[0])
            {
                case "process": request.Process = pair[1]; break;
                case "seed": request.Seed = ulong.Parse(pair[1], CultureInfo.InvariantCulture); break;
                case "n": request.N = long.Parse(pair[1], CultureInfo.InvariantCulture); break;
                case "first": request.First = long.Parse(pair[1], CultureInfo.InvariantCulture); break;
                case "lumi": request.Lumi = double.Parse(pair[1], CultureInfo.InvariantCulture); break;
                case "cut": request.Cut = pair[1]; break;
                case "columns": request.Columns.Add(pair[1].Split(',')); break;
                case var name when double.TryParse(pair[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var value): request.Condition.Add(name, value); break;
                default: request.Scan.Add(pair[0], pair[1]); break;
            }
        }

        return request;
    }

    private async Task<ScanEvents> RestAsync(string query)
    {
        using var response = await _rest.PostAsync($"/generate?{query}&format=jsonl", null);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return new ScanEvents([.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)], JsonElement.Parse(response.Headers.GetValues("EventService-Receipt").Single()));
    }

    private static ScanEvent Parse(string line)
    {
        var columns = new SortedDictionary<string, float[]>(StringComparer.Ordinal);
        var json = JsonElement.Parse(line);
        foreach (var field in json.EnumerateObject().Where(f => f.Name != "event" && !(f.Name[0] == 'n' && char.IsAsciiLetterUpper(f.Name[1]))))
        {
            columns.Add(field.Name, field.Value.ValueKind == JsonValueKind.Array ? [.. field.Value.EnumerateArray().Select(v => v.GetSingle())] : [field.Value.GetSingle()]);
        }

        return new ScanEvent(json.GetProperty("event").GetInt64(), columns);
    }

    private async Task<ScanEvents> GrpcAsync(string query)
    {
        using var stream = await _grpc.GenerateAsync(ToRequest(query));
        var events = new List<ScanEvent>();
        await foreach (var block in stream.ReadAllAsync())
        {
            for (var k = 0; k < block.Count; k++)
            {
                var columns = new SortedDictionary<string, float[]>(StringComparer.Ordinal);
                for (var s = 0; s < stream.Schema.Scalars.Count; s++)
                {
                    columns.Add(stream.Schema.Scalars[s].Name, [block.Scalar(s)[k]]);
                }

                foreach (var (collection, schema) in block.Collections.Zip(stream.Schema.Collections))
                {
                    var objects = collection.OffsetValues()[k]..collection.OffsetValues()[k + 1];
                    for (var x = 0; x < schema.Columns.Count; x++)
                    {
                        columns.Add($"{schema.Name}_{schema.Columns[x].Name}", collection.Column(x)[objects].ToArray());
                    }
                }

                events.Add(new ScanEvent(block.EventNumbers()[k], columns));
            }
        }

        return new ScanEvents(events, JsonElement.Parse(stream.Receipt.Json));
    }
}

using System.Buffers;
using System.Text.Json;

using EventService.Client;
using EventService.Contracts.V1;
using EventService.Generation.Requests;
using EventService.Models.Contracts;
using EventService.Physics.Events;
using EventService.Physics.Formats;
using EventStream = EventService.Client.EventStream;
using GenerateRequest = EventService.Contracts.V1.GenerateRequest;
using Receipt = EventService.Generation.Requests.Receipt;

namespace EventService.Cli;

/// <summary>Events that a server generates, written in the formats of this program: the bytes are those of a local model.</summary>
internal sealed class ServerEvents : IDisposable
{
    private readonly EventServiceClient _client;
    private readonly EventStream _stream;
    private readonly SampleSchema _schema;
    private readonly IEventWriter _writer;

    private ServerEvents(EventServiceClient client, EventStream stream, string format)
    {
        (_client, _stream) = (client, stream);
        Receipt = JsonSerializer.Deserialize<Receipt>(stream.Receipt.Json, JsonSerializerOptions.Web)! with { Format = format };
        _schema = new SampleSchema(
            [.. stream.Schema.Scalars.Select(ToSchema)],
            [.. stream.Schema.Collections.Select(c => new CollectionSchema(c.Name, c.Maximum, [.. c.Columns.Select(ToSchema)]))])
        {
            Arrays = [.. stream.Schema.Arrays.Select(a => new ArraySchema(a.Name, a.Unit, a.Description, [.. a.Shape]))],
        };
        _writer = Generation.Requests.GenerateRequest.CreateWriter(format, new EventWriterOptions(_schema)
        {
            ProcessName = Receipt.Process,
            Count = Receipt.Cut is null ? Receipt.N : null,
            Columns = Receipt.Columns,
            LogDensity = Receipt.LogDensity,
        });
    }

    /// <summary>The server's receipt, for the format that is written.</summary>
    public Receipt Receipt { get; }

    /// <param name="server">Address of its gRPC.</param>
    /// <param name="key">API key or token; null for that of the variable, if there is one.</param>
    /// <param name="values">The parameters of a request, as texts; others than those of this program are conditions.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="RequestException">The address or a value is wrong.</exception>
    public static async Task<ServerEvents> OpenAsync(
        string server, string? key, Dictionary<string, string> values, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new RequestException(
                RequestFault.BadValue, $"The server is '{server}', expected an address such as http://localhost:8081.");
        }

        var request = ToRequest(values);
        var client = new EventServiceClient(address, new EventServiceClientOptions
        {
            ReuseBlocks = true,
            ApiKey = key ?? Environment.GetEnvironmentVariable(ServerOptions.KeyVariable),
            Retrying = (failure, pause) => Console.Error.WriteLine($"{failure.Status.Detail} Trying again in {pause.TotalSeconds:0.#} s."),
        });
        EventStream? stream = null;
        try
        {
            stream = await client.GenerateAsync(request, cancellationToken);
            return new ServerEvents(client, stream, values["format"]);
        }
        catch
        {
            stream?.Dispose();
            client.Dispose();
            throw;
        }
    }

    public async Task WriteAsync(Stream output, Action<long> progress, CancellationToken cancellationToken)
    {
        var block = new EventBlock(_schema);
        var bytes = new ArrayBufferWriter<byte>();
        _writer.WriteHeader(bytes);
        await foreach (var columns in _stream.ReadAllAsync(cancellationToken))
        {
            Copy(columns, block);
            _writer.WriteBlock(block, columns.LogDensities(), bytes);
            await output.WriteAsync(bytes.WrittenMemory, cancellationToken);
            bytes.ResetWrittenCount();
            progress(_stream.Next - Receipt.First);
        }

        _writer.Finish(bytes);
        await output.WriteAsync(bytes.WrittenMemory, cancellationToken);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private static GenerateRequest ToRequest(Dictionary<string, string> values)
    {
        var request = new GenerateRequest();
        foreach (var (name, text) in values)
        {
            switch (name)
            {
                case "process": request.Process = text; break;
                case "model": request.Model = text; break;
                case "n": request.N = EventCount.Parse(text, name, 1); break;
                case "seed": request.Seed = RequestValue.Seed(text); break;
                case "first": request.First = EventCount.Parse(text, name, 0); break;
                case "columns": request.Columns.Add(text.Split(',', StringSplitOptions.TrimEntries)); break;
                case "cut": request.Cut = text; break;
                case "logDensity": request.LogDensity = RequestValue.Flag(text, name); break;
                case "lumi": request.Lumi = RequestValue.Number(text, name); break;
                case "format": break;
                // Several points and priors go as they are: the server understands them.
                case var _ when ConditionSource.Parse(text, name) is not ConditionSource.Points { Values.Count: 1 }:
                    request.Scan.Add(name, text);
                    break;
                default: request.Condition.Add(name, RequestValue.Number(text, name)); break;
            }
        }

        return request;
    }

    private static void Copy(EventColumns from, EventBlock to)
    {
        to.Resize(from.Count);
        from.EventNumbers().CopyTo(to.EventNumber);
        for (var s = 0; s < to.Scalars.Length; s++)
        {
            from.Scalar(s).CopyTo(to.Scalars[s]);
        }

        for (var a = 0; a < to.Arrays.Length; a++)
        {
            from.Array(a).CopyTo(to.Arrays[a]);
        }

        for (var c = 0; c < to.Collections.Length; c++)
        {
            var offsets = from.Collections[c].OffsetValues();
            to.Collections[c].EnsureCapacity(from.Count, offsets[from.Count]);
            offsets.CopyTo(to.Collections[c].Offsets);
            for (var x = 0; x < to.Collections[c].Columns.Length; x++)
            {
                from.Collections[c].Column(x).CopyTo(to.Collections[c].Columns[x]);
            }
        }
    }

    private static ColumnSchema ToSchema(Column column) => new(column.Name, column.Unit, column.Description);
}

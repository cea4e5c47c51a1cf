using EventService.Physics.Events;
using EventService.Physics.Formats;

namespace EventService.Generation.Requests;

/// <summary>A format that events can be asked for in.</summary>
/// <param name="Name">As in format=npy.</param>
/// <param name="MediaType">As in Accept.</param>
/// <param name="Extension">Of file names, with its dot.</param>
public sealed record EventFormat(string Name, string MediaType, string Extension)
{
    public static EventFormat Jsonl { get; } = new(JsonLinesWriter.FormatName, "application/x-ndjson", ".jsonl");

    public static EventFormat Npy { get; } = new(NpyWriter.FormatName, "application/x-npy", ".npy");

    public static EventFormat DarkMachines { get; } = new(DarkMachinesWriter.FormatName, "text/csv", ".csv");

    /// <summary>The first is the default.</summary>
    public static IReadOnlyList<EventFormat> All { get; } = [Jsonl, Npy, DarkMachines];

    /// <summary>The format of this name.</summary>
    /// <exception cref="RequestException">There is none; the message lists those there are.</exception>
    public static EventFormat Parse(string name) =>
        All.SingleOrDefault(f => f.Name == name)
        ?? throw new RequestException(RequestFault.BadValue, $"format is '{name}', expected one of {string.Join(", ", All.Select(f => f.Name))}.");

    /// <summary>A writer for the events of this request.</summary>
    /// <exception cref="RequestException">The format cannot hold what is asked for, or a column is unknown.</exception>
    public IEventWriter CreateWriter(GenerateRequest request, SampleSchema schema, string process)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (this == DarkMachines && (request.Columns is not null || request.LogDensity))
        {
            throw new RequestException(RequestFault.Cannot,
                $"{Name} has fixed columns and no log-density. Ask for {Jsonl.Name} or {Npy.Name}, or leave columns and logDensity out.");
        }

        try
        {
            return this == Jsonl ? new JsonLinesWriter(schema, request.Columns, request.LogDensity)
                : this == Npy ? new NpyWriter(schema, request.Count, request.Columns, request.LogDensity)
                : new DarkMachinesWriter(schema, process);
        }
        catch (NotSupportedException e)
        {
            throw new RequestException(RequestFault.Cannot, e.Message);
        }
        catch (ArgumentException e)
        {
            throw new RequestException(RequestFault.BadValue, e.Message);
        }
    }
}
